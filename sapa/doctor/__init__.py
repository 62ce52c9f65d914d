"""`sapa doctor`: everything an installation stands on, looked at piece by piece; each fault with what to do about it.

Every look stands alone: what is broken, hangs or raises becomes a line, never the end of the examination.
"""
