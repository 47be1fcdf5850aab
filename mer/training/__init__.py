"""Training of the two networks: above the stages that run them, which import nothing from here."""
