"""Plays a film over RTSP on 127.0.0.1, in real time, from its beginning for every client; ends the stream at the film's end.

Prints one line of JSON, {"port": N}, when it listens. Ends on SIGTERM, or when its stdin closes: a test run that is
killed leaves no server behind.
"""

import argparse
import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--film", required=True, help="an MP4")
parser.add_argument("--codec", choices=["h264", "h265"], default="h264")
parser.add_argument("--path", default="/cam")
parser.add_argument("--port", default="0")
parser.add_argument("--user")
parser.add_argument("--password")
parser.add_argument("--auth", choices=["basic", "digest"], default="digest")
options = parser.parse_args()

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(options.port)

factory = GstRtspServer.RTSPMediaFactory()
film = options.film.replace("\\", "\\\\").replace('"', '\\"')
factory.set_launch(
    f'( filesrc location="{film}" ! qtdemux ! {options.codec}parse config-interval=1 ! rtp{options.codec}pay name=pay0 pt=96 )'
)

if options.user is not None:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if options.auth == "basic":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options.user, options.password), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)

server.get_mount_points().add_factory(options.path, factory)
server.attach(None)
loop = GLib.MainLoop()


def parent_is_gone(_channel, _condition):
    loop.quit()
    return False


GLib.io_add_watch(
    GLib.IOChannel.unix_new(sys.stdin.fileno()), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, parent_is_gone
)
print(json.dumps({"port": server.get_bound_port()}), flush=True)
loop.run()
