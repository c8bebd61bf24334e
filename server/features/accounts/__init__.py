"""What users do about their own accounts: passwords, devices, their name."""
