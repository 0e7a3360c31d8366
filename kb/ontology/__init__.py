"""The ontology as something people edit: its layout as files, what an edit changes and what that means."""
