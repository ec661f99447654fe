"""Videos that are uploaded before masks of them are drawn."""
