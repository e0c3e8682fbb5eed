# SPDX-License-Identifier: Apache-2.0
"""A Django service that has answered requests: its admin pages from a database with a session,
and others over HTTP, each in a thread of its own."""

import json
import os
import tempfile
import threading
import urllib.request

import django
from django.conf import settings

database = os.path.join(tempfile.mkdtemp(dir=os.path.dirname(__file__)), "database")
settings.configure(
    SECRET_KEY="secret",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.admin",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": database}},
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    USE_TZ=True,
)
django.setup()

from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402


def users(request):
    return JsonResponse({"users": list(User.objects.values("username", "date_joined"))})


urlpatterns = [path("admin/", admin.site.urls), path("users/", users)]
call_command("migrate", verbosity=0)
for number in range(20):
    User.objects.create_user("user %d" % number)
root = User.objects.create_superuser("root")

client = Client()
client.force_login(root)
for number in range(20):
    assert client.get("/admin/auth/user/").status_code == 200


class QuietHandler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler)
server.set_app(get_wsgi_application())
threading.Thread(target=server.serve_forever, daemon=True).start()
for number in range(50):
    address = "http://127.0.0.1:%d/users/" % server.server_address[1]
    with urllib.request.urlopen(address) as answer:
        assert len(json.load(answer)["users"]) == 21
