"""Rasa components of our own: Indonesian as people type it, and a small linear intent classifier."""
