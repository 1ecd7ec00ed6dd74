"""One model for AI phone-call campaigns, whoever the vendor."""

__version__ = "0.1.0"
