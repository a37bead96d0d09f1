"""A package by name: one of the SDK's requirements installs a `tests` of its own, which would come first."""
