"""One process owns the writer of a store; others reach it by a Unix socket and write through it.

client (CLI, Python, HTTP process)          core process (kept alive by a supervisor)
@routed verb ── Request ──────────────────► the same verb, on behalf of the client
             ◄── Progress ... Answer | Failure
             ── Cancel, or end of file ───► given up, unless it is in the journal
"""
