"""Commands that need Django: loaded by name once the environment says which database."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kacang.settings")
django.setup()
