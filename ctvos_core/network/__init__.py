"""The CT-VOS network: encoders, attention, decoder (Fig. 2 of the paper)."""
