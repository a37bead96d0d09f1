"""Real endpoints, created, found, streamed from and deleted: `python -m backends.deploy`."""
