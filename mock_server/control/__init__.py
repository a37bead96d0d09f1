"""The SageMaker control plane for rehearsals: what is created, described, listed, tagged and deleted, by an implementation of our own."""
