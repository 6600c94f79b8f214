"""What authors of extensions are promised."""
