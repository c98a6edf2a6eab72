"""Layers that prepare images, numbers and texts for a model."""
