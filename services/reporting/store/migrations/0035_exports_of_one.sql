-- Who lost the number of an export looks through their own, the newest first; rows stay when the bytes have expired.
CREATE INDEX export_file_of_one ON export_file (asked_by, client_id, export_id DESC);
