"""An SMTP server for tests: writes each mail that it has taken as a line of JSON.

usage: smtp_server.py FILE [--port N] [--tls CERTIFICATE KEY] [--refuse N] [--vanish N]

Prints "port N" when it listens. With --tls it takes no mail before STARTTLS; the first N mails are
refused with 451, or the connection breaks after their final dot. It removes no duplicates.
"""
import argparse
import asyncio
import json
import ssl

from aiosmtpd.smtp import SMTP


class Keeper:
    def __init__(self, options):
        self.options = options

    async def handle_DATA(self, server, session, envelope):
        if self.options.vanish > 0:
            self.options.vanish -= 1
            server.transport.abort()
            await asyncio.sleep(1)
        if self.options.refuse > 0:
            self.options.refuse -= 1
            return "451 not now"
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "data": envelope.content.decode("ascii"),
        }
        with open(self.options.file, "a", encoding="ascii") as out:
            out.write(json.dumps(mail) + "\n")
        return "250 taken"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--refuse", type=int, default=0)
    parser.add_argument("--vanish", type=int, default=0)
    options = parser.parse_args()
    context = None
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
    keeper = Keeper(options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keeper, tls_context=context, require_starttls=context is not None, loop=loop),
        "127.0.0.1", options.port)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
