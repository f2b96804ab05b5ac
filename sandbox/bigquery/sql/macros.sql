-- DuckDB macros the compiled SQL calls: GoogleSQL's meaning in DuckDB's vectorised terms.
-- A line that is indented goes on with the one above. bq_fail raises an error that TRY can catch.
bq_fail(message) := CAST('BQ!' || message AS BIGINT)
bq_replace(s, a, b) := CASE WHEN a = '' THEN s ELSE replace(s, a, b) END
bq_split(s, d) := CASE WHEN s = '' THEN [''] ELSE string_split(s, d) END
bq_mod(a, b) := CASE WHEN b = 0 THEN bq_fail('division by zero: MOD(' || a || ', ' || b || ')') ELSE a % b END
bq_div(a, b) := CASE WHEN b = 0 THEN bq_fail('division by zero: DIV(' || a || ', ' || b || ')') WHEN b = -1
    THEN -a ELSE a // b END
bq_floor_div(a, b) := CASE WHEN a < 0 AND a % b != 0 THEN a // b - 1 ELSE a // b END
bq_timestamp_of(us) := CASE WHEN us IS NULL THEN NULL WHEN us BETWEEN -62135596800000000 AND
    253402300799999999 THEN make_timestamptz(us) ELSE CAST(CAST(bq_fail('Arithmetic overflow: the timestamp is
    out of range') AS VARCHAR) AS TIMESTAMPTZ) END
bq_date(d) := CASE WHEN d BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN d WHEN d IS NULL THEN NULL ELSE
    CAST(CAST(bq_fail('Arithmetic overflow: the date is out of range') AS VARCHAR) AS DATE) END
bq_floor_timestamp(t, n) := make_timestamptz(epoch_us(t) - ((epoch_us(t) % n) + n) % n)
bq_fraction(us) := CASE WHEN us % 1000000 = 0 THEN '' WHEN us % 1000 = 0 THEN '.' || lpad(CAST(us % 1000000 //
    1000 AS VARCHAR), 3, '0') ELSE '.' || lpad(CAST(us % 1000000 AS VARCHAR), 6, '0') END
bq_date_text(d) := lpad(CAST(year(d) AS VARCHAR), 4, '0') || strftime(d, '-%m-%d')
bq_datetime_text(t) := bq_date_text(t) || strftime(t, ' %H:%M:%S') || bq_fraction(microsecond(t))
bq_timestamp_text(t) := bq_datetime_text(timezone('UTC', t)) || '+00'
bq_json_timestamp(t) := replace(bq_datetime_text(timezone('UTC', t)), ' ', 'T') || 'Z'
bq_parse_timestamp(s) := make_timestamptz(bq_timestamp_micros(s))
bq_in_array(x, a) := CASE WHEN a IS NULL OR len(a) = 0 THEN FALSE WHEN x IS NULL THEN NULL WHEN
    list_contains(a, x) THEN TRUE WHEN list_count(a) < len(a) THEN NULL ELSE FALSE END
bq_join(a, d) := CASE WHEN a IS NULL OR d IS NULL THEN NULL ELSE array_to_string(list_filter(a, lambda e: e IS
    NOT NULL), d) END
bq_nonzero(n) := CASE WHEN n = 0 THEN bq_fail('Sequence step cannot be 0.') ELSE n END
bq_series(a, b, s) := CASE WHEN a IS NULL OR b IS NULL OR s IS NULL THEN NULL ELSE generate_series(CAST(a AS
    BIGINT), CAST(b AS BIGINT), CAST(bq_nonzero(s) AS BIGINT)) END
