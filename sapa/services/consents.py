"""What a contact may be asked to agree to. A purpose is consented to on its own, with its wording kept."""

# To keep a child's data and to remind its caregivers.
CHILD_CARE = "child_care"
# To keep a pregnancy's dates and visits (and the weeks after the birth) and to remind of them.
PREGNANCY_CARE = "pregnancy_care"
# To keep which contraception is used and to remind of the return date.
FAMILY_PLANNING = "family_planning"
# To keep the answers of the pre-marriage screening and to remind of what is still to do.
PREMARITAL = "premarital"

PURPOSES = (CHILD_CARE, PREGNANCY_CARE, FAMILY_PLANNING, PREMARITAL)

# Kept beside the consents of those who follow a household by a code: it tells them from whoever registered it.
SEAT = "seat"

# A topic stopped or taken up again on its own is kept beside the consents, under this prefix and the topic's name.
TOPIC_PURPOSE = "topic:"
