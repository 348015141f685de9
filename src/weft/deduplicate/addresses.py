"""Canonical web addresses: what differs between two addresses of one page is written one way, or left out.

Normalised as RFC 3986 (section 6.2) allows for every address, and as the web uses addresses: the scheme, `www.`, the
page of a folder, the fragment, sessions and the parameters by which visits are counted do not name another page.
"""

from __future__ import annotations

import string
from urllib.parse import urljoin, urlsplit

import polars as pl

_PARTS = (
    r"^(?i:https?)://(?:[^/?#@]*@)?(?<host>\[[^\]/?#]*\]|[^/?#:]*)(?::(?<port>[0-9]*))?"
    r"(?<path>/[^?#]*)?(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$"
)
_COUNTED = (
    *("utm_[a-z_]+", "mtm_[a-z_]+", "pk_[a-z_]+", "hsa_[a-z]+", "fbclid", "gclid", "gclsrc", "gbraid", "wbraid"),
    *("dclid", "msclkid", "yclid", "ysclid", "twclid", "ttclid", "igshid", "igsh", "mc_cid", "mc_eid", "_ga", "_gl"),
    *("_hsenc", "_hsmi", "wt_mc", "spm", "vero_id", "mkt_tok", "oly_anon_id", "oly_enc_id", "fb_action_ids"),
    *("phpsessid", "jsessionid", "aspsessionid[a-z]*", "sessionid", "session_id", "sid", "cfid", "cftoken"),
)
"""Parameters of campaigns, clicks and sessions, as the services that add them name them."""
_UNCOUNTED = rf"^(?i:(?:{'|'.join(_COUNTED)})(?:=.*)?)?$"
_FOLDER = r"/(?i:index|default|home)\.(?i:html?|xhtml|php[0-9]?|aspx?|jsp|cgi)$"
_SESSION = r";(?i:jsessionid)=[^/;]*"
_UNRESERVED = string.ascii_letters + string.digits + "-._~"


def _escapes() -> dict[str, str]:
    """Percent-encoded bytes as they are to be: letters, digits and -._~ plain, all others with capital digits."""
    made = {}
    for number in range(256):
        right = chr(number) if chr(number) in _UNRESERVED else f"%{number:02X}"
        code = f"{number:02X}"
        for written in (code, code.lower(), code[0] + code[1].lower(), code[0].lower() + code[1]):
            if f"%{written}" != right:
                made[f"%{written}"] = right
    return made


_ESCAPES = _escapes()


def canonical(addresses: pl.Series) -> pl.Series:
    """The canonical form of each web address, without its scheme: `example.org/a?b=1`; null for what is none.

    Two addresses of the same form are taken for the same page. The case of path and query counts.
    """
    trimmed = pl.col("address").str.strip_chars().str.replace_all(r"[\t\r\n]", "")
    parts = pl.DataFrame({"address": addresses.cast(pl.String)}).select(
        trimmed.alias("address"), trimmed.str.extract_groups(_PARTS).alias("parts")
    )
    parts = parts.unnest("parts").with_columns(_host(parts.unnest("parts")["host"]))
    made = parts.lazy().with_columns(
        pl.col("path").fill_null("/").str.replace_many(_ESCAPES).str.replace_all(_SESSION, "").alias("path"),
        pl.col("query").fill_null("").str.replace_many(_ESCAPES).str.replace_all("%20", "+", literal=True),
    )
    kept = pl.element().filter(~pl.element().str.contains(_UNCOUNTED)).sort()
    made = made.with_columns(pl.col("query").str.split("&").list.eval(kept).list.join("&").alias("query"))
    frame = made.collect()
    frame = frame.with_columns(_without_dots(frame["path"]))
    port = pl.col("port").fill_null("")
    # The route of a page that is drawn in the browser: `#!` and `#/` name it.
    route = (
        pl.when(pl.col("fragment").str.contains("^!?/")).then(pl.lit("#") + pl.col("fragment")).otherwise(pl.lit(""))
    )
    query = pl.col("query")
    return frame.select(
        pl.when(pl.col("host").str.len_bytes() > 0).then(
            pl.concat_str(
                pl.col("host"),
                pl.when(port.is_in(["", "80", "443"])).then(pl.lit("")).otherwise(pl.lit(":") + port),
                pl.col("path").str.replace(_FOLDER, "/").str.strip_chars_end("/"),
                pl.when(query == "").then(pl.lit("")).otherwise(pl.lit("?") + query),
                route,
            )
        )
    ).to_series()


def _host(hosts: pl.Series) -> pl.Series:
    """Hosts in small letters, without `www.` and the dot of the root; names in other scripts in their own letters."""
    plain = hosts.str.to_lowercase().str.strip_chars_end(".").str.replace(r"^www[0-9]?\.(.+\..+)$", "$1")
    coded = plain.filter(plain.str.contains("xn--", literal=True)).unique()
    if not len(coded):
        return plain
    return plain.replace(coded, pl.Series([_decoded(name) for name in coded], dtype=pl.String))


def _decoded(host: str) -> str:
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:  # a name that no registry gives
        return host


def _without_dots(paths: pl.Series) -> pl.Series:
    """Paths without segments `.` and `..` (RFC 3986, section 5.2.4)."""
    dotted = paths.filter(paths.str.contains(r"/\.{1,2}(?:/|$)").fill_null(False)).unique()
    if not len(dotted):
        return paths
    resolved = [urlsplit(urljoin("http://host", path)).path or "/" for path in dotted]
    return paths.replace(dotted, pl.Series(resolved, dtype=pl.String))
