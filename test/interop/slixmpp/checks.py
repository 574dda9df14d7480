"""slixmpp: the library of Python clients and bots, with its own plugins for each feature."""

import asyncio
import json
import os
import sys
import time

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout

SETTINGS = json.loads(os.environ["XMPPD_INTEROP"])
ALICE, BOB = SETTINGS["alice"], SETTINGS["bob"]
PLUGINS = ["xep_0030", "xep_0198", "xep_0199", "xep_0203", "xep_0313"]


def say(check, outcome, note=None):
    answer = {"check": check, "outcome": outcome}
    if note:
        answer["note"] = note
    print(json.dumps(answer), flush=True)


async def check(name, run, timeout=20):
    """Passes unless `run` raises; what it returns is the note."""
    try:
        say(name, "passed", await asyncio.wait_for(run, timeout))
    except (IqError, IqTimeout) as error:
        say(name, "failed", f"answered {error.condition}")
    except Lacks as reason:
        say(name, "lacks", str(reason))
    except asyncio.TimeoutError:
        say(name, "failed", "no result in time")
    except Exception as error:  # any other end is a failure of the check, with its reason
        say(name, "failed", str(error) or type(error).__name__)


async def until(ask, otherwise, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError(otherwise() if callable(otherwise) else otherwise)


async def network(word):
    reader, writer = await asyncio.open_connection("127.0.0.1", SETTINGS["controlPort"])
    writer.write(f"{word}\n".encode())
    answer = await reader.readline()
    writer.close()
    assert answer == b"done\n", f"proxy: {answer!r}"


class Lacks(Exception):
    """The client cannot do it; the reason is for the notes."""


class Client(slixmpp.ClientXMPP):
    def __init__(self, account, resource, mechanism=None, password=None):
        config = {"feature_mechanisms": {"use_mech": mechanism}} if mechanism else {}
        super().__init__(f"{account['jid']}/{resource}", password or account["password"], plugin_config=config)
        self.ca_certs = SETTINGS["certificate"]
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self["xep_0198"].window = 1
        self.got, self.pushes, self.presences, self.resumed = [], [], [], 0
        self.end = asyncio.get_event_loop().create_future()
        self.add_event_handler("message", self.on_message)
        self.add_event_handler("session_start", lambda _: self.finish("started"))
        self.add_event_handler("failed_all_auth", lambda _: self.finish("refused"))
        self.add_event_handler("session_resumed", self.on_resumed)
        self.add_event_handler("roster_update", lambda iq: self.pushes.append(iq))
        self.add_event_handler("presence_available", lambda p: self.presences.append(p["from"]))

    def finish(self, how):
        if not self.end.done():
            self.end.set_result(how)

    def on_message(self, message):
        if message["body"]:
            self.got.append((message["body"], bool(message.xml.find("{urn:xmpp:delay}delay") is not None)))

    def on_resumed(self, _):
        self.resumed += 1

    def bodies(self):
        return [body for body, _ in self.got]

    async def log_in(self, port=None, direct=False):
        where = SETTINGS["tlsPort"] if direct else port or SETTINGS["port"]
        self.connect((SETTINGS["host"], where), use_ssl=direct)
        how = await asyncio.wait_for(self.end, 10)
        if how != "started":
            self.abort()
            raise AssertionError("the log-in was refused")
        self.send_presence()
        await self.get_roster()
        return self

    async def hears(self, body):
        await until(lambda: body in self.bodies(), lambda: f"'{body}' did not arrive; got {self.bodies()}")

    async def leave(self):
        await self.disconnect(wait=1)


async def log_in(mechanism=None, direct=False):
    one = Client(ALICE, "login", mechanism)
    try:
        await one.log_in(direct=direct)
    except AssertionError:
        # Before 1.8.5 it binds by tls-unique, which TLS 1.3 has not, or says that the server binds to no channel.
        if mechanism and mechanism.startswith("SCRAM") and slixmpp.__version_info__ < (1, 8, 5):
            raise Lacks("before 1.8.5 it gets channel binding over TLS 1.3 wrong in every SCRAM, and takes PLAIN") from None
        raise
    used = one["feature_mechanisms"].mech.name
    await one.leave()
    assert mechanism is None or used == mechanism, f"logged in by {used}"
    return f"takes {used} of its own accord" if mechanism is None else None


async def wrong_password():
    one = Client(ALICE, "wrong", "PLAIN", "not it")
    one.connect((SETTINGS["host"], SETTINGS["port"]))
    how = await asyncio.wait_for(one.end, 15)
    one.abort()
    assert how == "refused", how


async def resume_in(a, b):
    assert a["xep_0198"].sm_id, "the server did not enable stream management"
    lost = asyncio.get_event_loop().create_future()
    a.add_event_handler("disconnected", lambda _: lost.done() or lost.set_result(None))
    await network("hold")
    a.send_message(BOB["jid"], "said into the cut")
    b.send_message(a.boundjid.full, "heard after the cut")
    await asyncio.sleep(0.3)
    await network("cut")
    await asyncio.wait_for(lost, 5)
    await asyncio.sleep(0.3)
    await network("open")
    a.connect((SETTINGS["host"], SETTINGS["proxyPort"]))
    await until(lambda: a.resumed, "the stream did not resume")
    await a.hears("heard after the cut")
    await asyncio.sleep(0.5)
    assert a.bodies().count("heard after the cut") == 1, "it came more than once"


async def resume_out(b):
    try:
        await until(lambda: "said into the cut" in b.bodies(), "", seconds=2)
    except AssertionError:
        # xep_0198's outgoing filter clears what was not acknowledged when it sees <resume/> pass.
        raise Lacks("it forgets what was not acknowledged when it asks to resume") from None
    assert b.bodies().count("said into the cut") == 1, "it came more than once"


async def offline(a, b):
    await b.leave()
    a.send_message(BOB["jid"], "while you were away")
    await asyncio.sleep(0.3)
    back = await Client(BOB, "two").log_in()
    await back.hears("while you were away")
    delayed = dict(back.got)["while you were away"]
    await back.leave()
    assert delayed, "it has no delay stamp"


async def archive(a):
    features = (await a["xep_0030"].get_info(jid=a.boundjid.bare))["disco_info"]["features"]
    assert "urn:xmpp:mam:2" in features, "the account does not offer urn:xmpp:mam:2"
    found = []
    async for page in a["xep_0313"].retrieve(iterator=True, rsm={"max": 2}):
        for message in page["mam"]["results"]:
            found.append(message["mam_result"]["forwarded"]["stanza"]["body"])
    assert found[:2] == ["from alice", "from bob"], f"the archive has {found}"
    assert len(found) == len(set(found)) >= 4, f"the archive has {found}"


async def roster(a):
    other = await Client(ALICE, "other").log_in()
    other.pushes.clear()
    await a.update_roster(BOB["jid"], name="Bob", subscription=None)
    await until(
        lambda: any(iq["type"] == "set" and BOB["jid"] in iq["roster"]["items"] for iq in other.pushes),
        "the other device got no push",
    )
    await other.leave()


async def presence(a):
    bob = await Client(BOB, "three").log_in()
    a.send_presence_subscription(BOB["jid"])
    await until(
        lambda: any(jid.bare == BOB["jid"] for jid in a.presences), "no presence of the contact"
    )
    await bob.leave()


async def main():
    await check("starttls", log_in())
    await check("direct-tls", log_in(direct=True))
    await check("login.PLAIN", log_in("PLAIN"))
    for mechanism in ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"):
        await check(f"login.{mechanism}", log_in(mechanism))
        await check(f"login.{mechanism}-PLUS", log_in(f"{mechanism}-PLUS"))
    a = await Client(ALICE, "one").log_in(port=SETTINGS["proxyPort"])
    b = await Client(BOB, "one").log_in()

    async def one_way(sender, receiver, body):
        sender.send_message(receiver.boundjid.bare, body)
        await receiver.hears(body)

    await check("chat.out", one_way(a, b, "from alice"))
    await check("chat.in", one_way(b, a, "from bob"))
    await check("resume.in", resume_in(a, b))
    await check("resume.out", resume_out(b))
    await check("offline", offline(a, b))
    await check("archive", archive(a))
    async def ping():
        await a["xep_0199"].ping(SETTINGS["domain"], timeout=5)
    await check("ping", ping())
    await check("roster", roster(a))
    await check("presence", presence(a))
    await a.leave()
    await check("login.wrong", wrong_password())


asyncio.get_event_loop().run_until_complete(main())
sys.stdout.flush()
os._exit(0)
