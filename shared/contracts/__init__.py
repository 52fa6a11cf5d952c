"""Facts and topics: the wire format, owned by its producers, readable by everybody."""
