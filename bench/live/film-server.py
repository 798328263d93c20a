"""Plays films over RTSP on 127.0.0.1 as cameras do: in real time, the packets as they lie in the file, nothing encoded anew.

One process for all cameras. Prints one line of JSON, {"port": N}, when it listens, and one for each player that begins:
{"path": "/1", "zeroNs": N}, the moment on the machine's monotonic clock at which the film's first picture is due. Ends on
SIGTERM, or when its stdin closes.
"""

import argparse
import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("films", nargs="*", help="PATH=FILE, an MP4 with H.264")
options = parser.parse_args()

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service("0")


def say(what):
    print(json.dumps(what), flush=True)


def began(media, state, path):
    if state != Gst.State.PLAYING:
        return
    pipeline = media.get_element().get_parent()

    def look():
        change, now, _ = pipeline.get_state(0)
        if change == Gst.StateChangeReturn.FAILURE or now == Gst.State.NULL:
            return False
        if now != Gst.State.PLAYING:
            return True
        # Pictures leave when the clock reaches base time + running time: the sinks of a player wait for it.
        say({"path": path, "zeroNs": pipeline.get_base_time()})
        return False

    # It plays only when every sink has its first picture, and has no base time before.
    if look():
        GLib.timeout_add(5, look)


def add(path, film):
    factory = GstRtspServer.RTSPMediaFactory()
    name = film.replace("\\", "\\\\").replace('"', '\\"')
    factory.set_launch(
        f'( filesrc location="{name}" ! qtdemux ! h264parse config-interval=1 ! rtph264pay name=pay0 pt=96 )'
    )
    factory.connect("media-configure", lambda _, media: media.connect("new-state", began, path))
    server.get_mount_points().add_factory(path, factory)


for each in options.films:
    add(*each.split("=", 1))
server.attach(None)
loop = GLib.MainLoop()


def parent_is_gone(_channel, _condition):
    loop.quit()
    return False


GLib.io_add_watch(
    GLib.IOChannel.unix_new(sys.stdin.fileno()), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP, parent_is_gone
)
say({"port": server.get_bound_port()})
loop.run()
