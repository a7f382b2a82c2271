"""The names that the barrier knows: harmless table functions, forbidden functions, settings that a reader may send.

May hold names only.
"""

#: Table functions that compute or read tables of the warehouse. Every other one that chDB knows is refused.
HARMLESS = frozenset(
    {
        "format",
        "generate_series",
        "generaterandom",
        "generateseries",
        "merge",
        "mergetreeindex",
        "mergetreeprojection",
        "null",
        "numbers",
        "numbers_mt",
        "primes",
        "sqlstandardvalues",
        "values",
        "view",
        "viewexplain",
        "zeros",
        "zeros_mt",
    }
)

#: Functions that open files, call services, or show what is not a table's. Refused wherever the name stands.
FORBIDDEN = frozenset(
    {
        "addresstoline",
        "addresstolinewithinlines",
        "addresstosymbol",
        "aiclassify",
        "aiembed",
        "aiextract",
        "aifilter",
        "aigenerate",
        "airedact",
        "aisimilarity",
        "aitranslate",
        "catboostevaluate",
        "demangle",
        "eval",
        "evalmlmethod",
        "file",
        "getmacro",
        "joinget",
        "joingetornull",
        "naivebayesclassifier",
        "python",
        "showcertificate",
        "sleep",
        "sleepeachrow",
    }
)

#: Settings that a reader may send along: they shape an answer and free nobody of a limit.
SETTINGS = frozenset(
    {
        "date_time_output_format",
        "extremes",
        "format_csv_delimiter",
        "group_by_use_nulls",
        "join_use_nulls",
        "limit",
        "max_block_size",
        "max_threads",
        "offset",
        "output_format_arrow_compression_method",
        "output_format_arrow_string_as_string",
        "output_format_csv_crlf_end_of_line",
        "output_format_json_named_tuples_as_objects",
        "output_format_json_quote_64bit_integers",
        "output_format_json_quote_decimals",
        "output_format_native_encode_types_in_binary_format",
        "output_format_parquet_compression_method",
        "output_format_parquet_string_as_string",
        "output_format_pretty_color",
        "output_format_pretty_grid_charset",
        "output_format_pretty_max_rows",
        "output_format_pretty_max_value_width",
        "output_format_pretty_row_numbers",
        "output_format_write_statistics",
        "prefer_column_name_to_alias",
        "session_timezone",
        "union_default_mode",
        "use_query_cache",
    }
)

#: Asked for by drivers out of habit; our own limits stand, so these are dropped without a word.
DROPPED = frozenset(
    {
        "max_execution_time",
        "max_memory_usage",
        "max_result_bytes",
        "max_result_rows",
        "readonly",
        "result_overflow_mode",
    }
)

#: How tables for people look.
PRETTY = {
    "output_format_pretty_row_numbers": "0",
    "output_format_pretty_max_rows": "10000",
    "output_format_pretty_single_large_number_tip_threshold": "0",
}
