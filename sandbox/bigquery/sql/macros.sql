-- DuckDB macros the compiled SQL calls: GoogleSQL's meaning in DuckDB's vectorised terms.
-- A line that is indented goes on with the one above. bq_fail raises an error that TRY can catch.
bq_fail(message) := CAST('BQ!' || message AS BIGINT)
bq_substr(s, p) := substring(s, CASE WHEN p = 0 THEN 1 WHEN p < -length(s) THEN 1 ELSE p END)
bq_substr_length(s, p, n) := CASE WHEN n < 0 THEN CAST(bq_fail('Third argument in SUBSTR() cannot be
    negative') AS VARCHAR) ELSE substring(s, CASE WHEN p = 0 THEN 1 WHEN p < -length(s) THEN 1 ELSE p END, n)
    END
bq_left(s, n) := CASE WHEN n < 0 THEN CAST(bq_fail('Second argument in LEFT() cannot be negative') AS VARCHAR)
    ELSE left(s, n) END
bq_right(s, n) := CASE WHEN n < 0 THEN CAST(bq_fail('Second argument in RIGHT() cannot be negative') AS
    VARCHAR) WHEN s IS NOT NULL AND n = 0 THEN '' ELSE right(s, n) END
bq_pad(s, n, p, l) := CASE WHEN n < 0 THEN CAST(bq_fail('The length of the output of LPAD/RPAD cannot be
    negative') AS VARCHAR) WHEN p = '' THEN CAST(bq_fail('The pattern of LPAD/RPAD cannot be empty') AS
    VARCHAR) WHEN l THEN lpad(s, CAST(n AS INTEGER), p) ELSE rpad(s, CAST(n AS INTEGER), p) END
bq_trim(s) := trim(s, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(133) || chr(160) ||
    chr(8232) || chr(8233) || chr(12288))
bq_ltrim(s) := ltrim(s, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(133) || chr(160) ||
    chr(8232) || chr(8233) || chr(12288))
bq_rtrim(s) := rtrim(s, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13) || chr(133) || chr(160) ||
    chr(8232) || chr(8233) || chr(12288))
bq_replace(s, a, b) := CASE WHEN a = '' THEN s ELSE replace(s, a, b) END
bq_reverse(s) := array_to_string(list_reverse(string_split(s, '')), '')
bq_repeat(s, n) := CASE WHEN n < 0 THEN CAST(bq_fail('Second argument in REPEAT() cannot be negative') AS
    VARCHAR) ELSE repeat(s, n) END
bq_split(s, d) := CASE WHEN s = '' THEN [''] ELSE string_split(s, d) END
bq_strpos(s, t) := CASE WHEN t = '' AND s IS NOT NULL THEN 1 ELSE strpos(s, t) END
bq_ascii(s) := CASE WHEN s = '' THEN 0 WHEN unicode(s) > 127 THEN bq_fail('Non-ASCII character in ASCII()')
    ELSE CAST(unicode(s) AS BIGINT) END
bq_chr(n) := CASE WHEN n < 0 OR n > 1114111 OR n BETWEEN 55296 AND 57343 THEN CAST(bq_fail('Invalid codepoint
    ' || n) AS VARCHAR) ELSE chr(CAST(n AS INTEGER)) END
bq_half(x) := abs(abs(x - trunc(x)) - 0.5) < 1e-6
bq_round(x, n) := CASE WHEN bq_half(x * pow(10, n)) THEN bq_exact_round(x, CAST(n AS BIGINT)) ELSE round(x,
    CAST(n AS INTEGER)) END
bq_trunc(x, n) := trunc(x * pow(10, n)) / pow(10, n)
bq_mod(a, b) := CASE WHEN b = 0 THEN bq_fail('division by zero: MOD(' || a || ', ' || b || ')') ELSE a % b END
bq_div(a, b) := CASE WHEN b = 0 THEN bq_fail('division by zero: DIV(' || a || ', ' || b || ')') WHEN b = -1
    THEN -a ELSE a // b END
bq_sqrt(x) := CASE WHEN x < 0 THEN CAST(bq_fail('Argument to SQRT cannot be negative: ' || x) AS DOUBLE) ELSE
    sqrt(x) END
bq_ln(x) := CASE WHEN x <= 0 THEN CAST(bq_fail('Illegal argument in LN/LOG: ' || x) AS DOUBLE) ELSE ln(x) END
bq_log(x, b) := CASE WHEN x <= 0 OR b <= 0 OR b = 1 THEN CAST(bq_fail('Illegal argument in LOG: ' || x || ', '
    || b) AS DOUBLE) ELSE ln(x) / ln(b) END
bq_log10(x) := CASE WHEN x <= 0 THEN CAST(bq_fail('Illegal argument in LOG10: ' || x) AS DOUBLE) ELSE log10(x)
    END
bq_pow(x, y) := CASE WHEN x < 0 AND isfinite(x) AND y != trunc(y) THEN CAST(bq_fail('Floating point error in
    function: POW(' || x || ', ' || y || ')') AS DOUBLE) WHEN x = 0 AND y < 0 THEN CAST(bq_fail('Floating
    point error in function: POW(' || x || ', ' || y || ')') AS DOUBLE) ELSE pow(x, y) END
bq_floor_div(a, b) := CASE WHEN a < 0 AND a % b != 0 THEN a // b - 1 ELSE a // b END
bq_timestamp_of(us) := CASE WHEN us IS NULL THEN NULL WHEN us BETWEEN -62135596800000000 AND
    253402300799999999 THEN make_timestamptz(us) ELSE CAST(CAST(bq_fail('Arithmetic overflow: the timestamp is
    out of range') AS VARCHAR) AS TIMESTAMPTZ) END
bq_timestamp(t) := CASE WHEN epoch_us(t) BETWEEN -62135596800000000 AND 253402300799999999 THEN t WHEN t IS
    NULL THEN NULL ELSE CAST(CAST(bq_fail('Arithmetic overflow: the timestamp is out of range') AS VARCHAR) AS
    TIMESTAMPTZ) END
bq_datetime(t) := CASE WHEN t BETWEEN TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999' THEN t
    WHEN t IS NULL THEN NULL ELSE CAST(CAST(bq_fail('Arithmetic overflow: the datetime is out of range') AS
    VARCHAR) AS TIMESTAMP) END
bq_date(d) := CASE WHEN d BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN d WHEN d IS NULL THEN NULL ELSE
    CAST(CAST(bq_fail('Arithmetic overflow: the date is out of range') AS VARCHAR) AS DATE) END
bq_hour_before(t) := make_timestamptz(epoch_us(t) - 3600000000)
bq_instant(z, l) := CASE WHEN timezone(z, bq_hour_before(timezone(z, l))) = l THEN bq_hour_before(timezone(z,
    l)) ELSE timezone(z, l) END
bq_floor_timestamp(t, n) := make_timestamptz(epoch_us(t) - ((epoch_us(t) % n) + n) % n)
bq_datetime_minus(a, b) := (to_days(CAST((epoch_us(a) - epoch_us(b)) // 86400000000 AS INTEGER)) +
    to_microseconds((epoch_us(a) - epoch_us(b)) % 86400000000))
bq_plain_interval(i) := CASE WHEN bq_interval_months(i) != 0 THEN CAST(CAST(bq_fail('TIMESTAMP +/- INTERVAL is
    not supported for intervals with non-zero MONTH or YEAR part.') AS VARCHAR) AS INTERVAL) ELSE i END
bq_interval_times(i, n) := (to_months(CAST(bq_interval_months(i) * n AS INTEGER)) +
    to_days(CAST(bq_interval_days(i) * n AS INTEGER)) + to_microseconds(bq_interval_micros(i) * n))
bq_interval_over(i, n) := (to_months(CAST(bq_interval_months(i) // n AS INTEGER)) +
    to_days(CAST((bq_interval_days(i) + bq_interval_months(i) % n * 30) // n AS INTEGER)) +
    to_microseconds((bq_interval_micros(i) + (bq_interval_days(i) + bq_interval_months(i) % n * 30) % n *
    86400000000) // n))
bq_interval_months(i) := CAST(datepart('year', i) * 12 + datepart('month', i) AS BIGINT)
bq_interval_days(i) := CAST(datepart('day', i) AS BIGINT)
bq_interval_micros(i) := CAST(datepart('hour', i) * 3600000000 + datepart('minute', i) * 60000000 +
    datepart('microsecond', i) AS BIGINT)
bq_interval_part(i, p) := CASE p WHEN 'HOUR' THEN bq_interval_micros(i) // 3600000000 WHEN 'MINUTE' THEN
    bq_interval_micros(i) // 60000000 % 60 WHEN 'SECOND' THEN bq_interval_micros(i) // 1000000 % 60 WHEN
    'MILLISECOND' THEN bq_interval_micros(i) // 1000 % 1000 ELSE bq_interval_micros(i) % 1000000 END
bq_interval_text(i) := bq_interval_text_of(bq_interval_months(i), bq_interval_days(i), bq_interval_micros(i))
bq_justify_days(i) := bq_interval_days(i) + bq_interval_micros(i) // 86400000000
bq_justify(i, h, d) := CASE WHEN h AND d THEN to_months(CAST(bq_interval_months(i) + bq_justify_days(i) // 30
    AS INTEGER)) + to_days(CAST(bq_justify_days(i) % 30 AS INTEGER)) + to_microseconds(bq_interval_micros(i) %
    86400000000) WHEN h THEN to_months(CAST(bq_interval_months(i) AS INTEGER)) +
    to_days(CAST(bq_justify_days(i) AS INTEGER)) + to_microseconds(bq_interval_micros(i) % 86400000000) ELSE
    to_months(CAST(bq_interval_months(i) + bq_interval_days(i) // 30 AS INTEGER)) +
    to_days(CAST(bq_interval_days(i) % 30 AS INTEGER)) + to_microseconds(bq_interval_micros(i)) END
bq_date_of(y, m, d) := TRY_CAST(lpad(CAST(y AS VARCHAR), 4, '0') || '-' || m || '-' || d AS DATE)
bq_make_date(y, m, d) := CASE WHEN y IS NULL OR m IS NULL OR d IS NULL THEN NULL WHEN bq_date_of(y, m, d) IS
    NULL THEN CAST(CAST(bq_fail('Input calculates to invalid date: ' || y || '-' || m || '-' || d) AS VARCHAR)
    AS DATE) ELSE bq_date_of(y, m, d) END
bq_make_datetime(y, m, d, h, i, s) := CAST(bq_make_date(y, m, d) AS TIMESTAMP) +
    to_microseconds(bq_clock_micros(h, i, s))
bq_clock_micros(h, i, s) := CASE WHEN h NOT BETWEEN 0 AND 23 OR i NOT BETWEEN 0 AND 59 OR s NOT BETWEEN 0 AND
    59 THEN bq_fail('Input calculates to invalid time: ' || h || ':' || i || ':' || s) ELSE h * 3600000000 + i
    * 60000000 + s * 1000000 END
bq_make_time(h, i, s) := CAST(TIMESTAMP '1970-01-01' + to_microseconds(bq_clock_micros(h, i, s)) AS TIME)
bq_fraction(us) := CASE WHEN us % 1000000 = 0 THEN '' WHEN us % 1000 = 0 THEN '.' || lpad(CAST(us % 1000000 //
    1000 AS VARCHAR), 3, '0') ELSE '.' || lpad(CAST(us % 1000000 AS VARCHAR), 6, '0') END
bq_date_text(d) := lpad(CAST(year(d) AS VARCHAR), 4, '0') || strftime(d, '-%m-%d')
bq_datetime_text(t) := bq_date_text(t) || strftime(t, ' %H:%M:%S') || bq_fraction(microsecond(t))
bq_time_text(t) := strftime(DATE '1970-01-01' + t, '%H:%M:%S') || bq_fraction(microsecond(t))
bq_timestamp_text(t) := bq_datetime_text(timezone('UTC', t)) || '+00'
bq_json_timestamp(t) := replace(bq_datetime_text(timezone('UTC', t)), ' ', 'T') || 'Z'
bq_timestamp_text_in(t, z) := bq_zoned_text(epoch_us(t), z)
bq_parse_timestamp(s) := make_timestamptz(bq_timestamp_micros(s, 'UTC'))
bq_parse_timestamp_in(s, z) := make_timestamptz(bq_timestamp_micros(s, z))
bq_parse_time(s) := CAST(bq_clock_text(s) AS TIME)
bq_parse_interval(s) := to_months(CAST(regexp_extract(s, '^([-+]?)(\d+)-(\d+) ', 1) || (CAST(regexp_extract(s,
    '(\d+)-(\d+) ', 1) AS INTEGER) * 12 + CAST(regexp_extract(s, '(\d+)-(\d+) ', 2) AS INTEGER)) AS INTEGER))
    + to_days(CAST(regexp_extract(s, ' ([-+]?\d+) ', 1) AS INTEGER)) + CAST(regexp_extract(s, '
    ([-+]?\d+:\d+:\d+(?:\.\d+)?)$', 1) AS INTERVAL)
bq_in_array(x, a) := CASE WHEN a IS NULL OR len(a) = 0 THEN FALSE WHEN x IS NULL THEN NULL WHEN
    list_contains(a, x) THEN TRUE WHEN list_count(a) < len(a) THEN NULL ELSE FALSE END
bq_range_bucket(x, a) := CASE WHEN x IS NULL OR a IS NULL THEN NULL ELSE CAST(len(list_filter(a, lambda e: e
    <= x)) AS BIGINT) END
bq_join(a, d) := CASE WHEN a IS NULL OR d IS NULL THEN NULL ELSE array_to_string(list_filter(a, lambda e: e IS
    NOT NULL), d) END
bq_join_nulls(a, d, n) := CASE WHEN a IS NULL OR d IS NULL OR n IS NULL THEN NULL ELSE
    array_to_string(list_transform(a, lambda e: coalesce(e, n)), d) END
bq_nonzero(n) := CASE WHEN n = 0 THEN bq_fail('Sequence step cannot be 0.') ELSE n END
bq_series(a, b, s) := CASE WHEN a IS NULL OR b IS NULL OR s IS NULL THEN NULL ELSE generate_series(CAST(a AS
    BIGINT), CAST(b AS BIGINT), CAST(bq_nonzero(s) AS BIGINT)) END
bq_float_series(a, b, s) := CASE WHEN a IS NULL OR b IS NULL OR s IS NULL THEN NULL WHEN s = 0 THEN
    CAST(CAST(bq_fail('Sequence step cannot be 0.') AS VARCHAR) AS DOUBLE[]) WHEN (b - a) / s < 0 THEN CAST([]
    AS DOUBLE[]) ELSE list_transform(generate_series(0, CAST(floor((b - a) / s + 1e-9) AS BIGINT)), lambda i:
    CAST(a + i * s AS DOUBLE)) END
bq_array_slice(a, s, e) := CASE WHEN a IS NULL OR s IS NULL OR e IS NULL THEN NULL ELSE list_slice(a, CASE
    WHEN s < 0 THEN greatest(len(a) + s, 0) ELSE s END + 1, CASE WHEN e < 0 THEN len(a) + e ELSE e END + 1)
    END
bq_weigh(p, f) := list_transform(list_distinct(list_transform(p, lambda e: e.v)), lambda v: struct_pack(w :=
    list_sum(list_transform(list_filter(p, lambda e: e.v IS NOT DISTINCT FROM v), lambda e: e.w)), v := v))
bq_top(p) := list_transform(list_reverse_sort(bq_weigh(p, 0)), lambda e: struct_pack(value := e.v, count :=
    e.w))
bq_parse_json(s, m) := CAST(bq_json_document(s, m) AS JSON)
bq_json_strip(j) := CAST(bq_json_strip_text(CAST(j AS VARCHAR)) AS JSON)
bq_zone(z) := bq_checked_zone(z)
bq_numeric_series(a, b, s) := list_transform(bq_float_series(a, b, s), lambda e: CAST(e AS DECIMAL(38,9)))
bq_is_distinct(a) := len(list_distinct(a)) + CASE WHEN list_count(a) < len(a) THEN 1 ELSE 0 END = len(a)
