"""Get an answer from somewhere: a SageMaker endpoint, a container reached directly, or the local twin of either."""
