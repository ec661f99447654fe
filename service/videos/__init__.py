"""The store of footage to train on."""
