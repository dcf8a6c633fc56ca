from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """The room `messages`."""

    name = "kacang.messages"
    label = "messages_room"
