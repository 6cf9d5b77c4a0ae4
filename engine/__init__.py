"""The mapping engine of ml-connector: approved spend into the ERP, master data back, by configuration."""

__version__ = "0.1.0"
