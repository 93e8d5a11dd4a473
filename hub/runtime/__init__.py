"""The only room that knows Dramatiq and Redis: settings, plugins, broker, actors, schedule."""
