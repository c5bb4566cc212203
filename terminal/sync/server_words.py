"""What a server says to a till that it refuses: its English words, marked, so that the till may say them in another.

The words of `RefusedError` and `ServerBusyError` are looked up as they come; those of a newer server stay English.
"""

from terminal.texts import marked

KNOWN = (
    # enrolment
    marked("This enrolment token is unknown or has expired."),
    marked("The enrolment's proof does not fit the key and the token."),
    marked("This token was used with another key, or this key is known already."),
    marked("The device is not in a state that allows this."),
    marked("A terminal's name and model are texts of at most 128 bytes."),
    # access
    marked("The client assertion is not valid."),
    marked("This device is not enrolled here."),
    marked("This terminal may not pull a book: it is quarantined or revoked."),
    # uploads
    marked("A batch has at most 1,000 records."),
    marked("The records of a batch are of one epoch."),
    marked("This request is too large."),
    marked("The request's body did not arrive in time."),
    marked("This content type or encoding is not taken here."),
    # refunds
    marked("There is no such payment."),
    marked("This needs a reason."),
    marked("Only a settled payment can be refunded."),
    marked("nothing of this payment is left to refund"),
    marked("Refunds of a payment add up to no more than was paid."),
    marked("This terminal can't refund this: an admin can."),
    marked("this terminal took two payments with this id: an admin can refund them"),
    marked("this terminal was revoked and refunds nothing"),
    marked("this terminal is quarantined: an admin can refund this"),
    marked("whoever approved this is no supervisor of this shop any more"),
    marked("so much takes two admins"),
    marked("This Idempotency-Key was used for another request."),
    # any of them
    marked("This terminal has too much under way already. Try again shortly."),
    marked("The server is busy. Try again shortly."),
    marked("The server can't reach its database. Try again."),
    marked("The request broke off."),
    marked("Not Found"),
    marked("Method Not Allowed"),
)
