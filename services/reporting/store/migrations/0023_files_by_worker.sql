-- A worker makes files of longer periods and of indicators, too; it says whose view it takes by `tumbuh.areas`.

GRANT EXECUTE ON FUNCTION
    children_of_period(date, date, timestamptz, text, text, text[], bigint, bigint[], bigint[], bigint) TO :service_worker;
GRANT EXECUTE ON FUNCTION services_of_children(
    date, date, timestamptz, text, text, text[], bigint, bigint, text[], text[], text[], integer[], integer[], integer[],
    integer[], boolean[], integer[]) TO :service_worker;
