"""Rasa's custom actions; see actions.actions."""
