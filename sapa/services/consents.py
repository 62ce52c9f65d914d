"""What a contact may be asked to agree to. A purpose is consented to on its own, with its wording kept."""

# To keep a child's data and to remind its caregivers.
CHILD_CARE = "child_care"
