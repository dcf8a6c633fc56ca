"""The hasher of accounts' passwords, made cheap: people without number sign in here.

At full strength a hash costs a quarter of a second of the processor, and a fifth of the suite.
What the installation uses is looked at by `merchants/test_staff.py`.
"""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickHasher(Argon2PasswordHasher):
    """Argon2 with the least that it takes."""

    time_cost = 1
    memory_cost = 64
    parallelism = 1
