"""Pages rendered inside a test name their static files plainly: nothing was collected."""

import pytest
from django.conf import settings
from django.test import override_settings

PLAIN = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@pytest.fixture(scope="session", autouse=True)
def _plain_static_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    storages = settings.STORAGES | {"staticfiles": PLAIN}
    with override_settings(STORAGES=storages, STATIC_ROOT=folder):
        yield
