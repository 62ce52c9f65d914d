"""The dialogues that gather facts: one module each, one contract (contract.py), one conductor (conductor.py)."""
