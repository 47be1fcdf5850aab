"""Ready-made flow that was released as images."""

from mer.dataset.flow_images.reader import FlowImages

__all__ = ["FlowImages"]
