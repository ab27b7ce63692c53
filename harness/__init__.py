"""sightcheck: measure medical vision-language models, and report no multimodal score that is not proven."""

__version__ = "0.1.0"
