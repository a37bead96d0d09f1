"""The cases, a table for each few families."""
