"""`python -m mock_server record`: answers of real endpoints, containers and other twins, kept as `backends.recording` has it."""
