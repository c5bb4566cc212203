"""Who did what, and the seals that show whether anybody altered it afterwards.

A layer of its own below all that acts (people, payments, wallets, registry, reconcile), which write with

    await trail.note(connection, services, action="device.revoke", object_=f"device {uuid_text(device)}", …)

in the transaction that does the thing. Who acts, and from where, is known from `acting`, which the REST endpoint, the
console and the commands set; `actor=` and `origin=` say it where it is somebody else.
"""
