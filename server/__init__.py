"""The web server: HTTP in, one call of the knowledge base, HTTP out."""
