"""The flags that each language of consent knows: the words that policies map to purposes.

May not: read a signal or map a flag. Open vocabularies (categories of a site's banner) have a name per source only.
"""

from __future__ import annotations

from collections.abc import Mapping

from consent.words import Language

#: TCF purposes 1-11. Source: IAB TCF Policies v5, Appendix A.
TCF_PURPOSES = range(1, 12)

#: Legitimate interest may support these, and never 1 and 3-6. Source: IAB TCF Policies v4 (TCF 2.2), Appendix A.
TCF_INTEREST_PURPOSES = frozenset((2, 7, 8, 9, 10, 11))

#: Source: Google, Consent mode reference. The first four travel in gcd, in this order.
GOOGLE_TYPES = (
    "ad_storage",
    "analytics_storage",
    "ad_user_data",
    "ad_personalization",
    "functionality_storage",
    "personalization_storage",
    "security_storage",
)

#: Refusals of US strings. Source: IAB GPP sections 6-27, IAB US Privacy string.
SALE_OR_SHARING = "opt_out_of_sale_or_sharing"
US_OPT_OUTS = (
    SALE_OR_SHARING,
    "opt_out_of_targeted_advertising",
    "opt_out_of_sensitive_data_processing",
    "opt_out_of_further_processing",
)

#: Banners whose cookies we read, and trackers whose consent objects we read; categories are each site's own words.
SOURCES: Mapping[Language, tuple[str, ...]] = {
    Language.CMP_COOKIE: (
        "onetrust",
        "cookiebot",
        "cookieyes",
        "complianz",
        "didomi",
        "iubenda",
        "axeptio",
        "klaro",
        "tarteaucitron",
    ),
    Language.VENDOR: ("segment", "rudderstack", "snowplow", "matomo", "walkeros", "shopify"),
}

#: What these languages can say at all: a refusal, never a consent.
ONLY_REFUSE = frozenset((Language.GPP, Language.US_PRIVACY, Language.GPC, Language.DNT))


def tcf_flags(beginning: str) -> tuple[str, ...]:
    """`purpose 1` … `purpose 11`; what a string without a publisher segment says, to us and to vendors alike."""
    return tuple(f"{beginning} {number}" for number in TCF_PURPOSES)


#: How the flags of a TC string begin: of its only voice, of its publisher segment, and of the core beside that.
TCF_ONLY, TCF_PUBLISHER, TCF_CORE = "purpose", "publisher purpose", "core purpose"


def tcf_interest_flag(flag: str) -> str:
    """For `purpose 8`: no consent, but a legitimate interest that was announced and not objected to."""
    return flag.replace("purpose", "legitimate interest")


#: What the common categories of banners mean, for a no that no policy mapped: necessary ones refuse nothing.
#: Source: facts A6; the vendors' documentation of their default categories.
BANNER_CLASSES: Mapping[str, str] = {
    "onetrust c0001": "necessary",
    "onetrust c0002": "performance",
    "onetrust c0003": "functional",
    "onetrust c0004": "targeting",
    "onetrust c0005": "targeting",
    "cookiebot necessary": "necessary",
    "cookiebot preferences": "functional",
    "cookiebot statistics": "performance",
    "cookiebot marketing": "targeting",
    "cookieyes necessary": "necessary",
    "cookieyes functional": "functional",
    "cookieyes analytics": "performance",
    "cookieyes performance": "performance",
    "cookieyes advertisement": "targeting",
    "complianz functional": "necessary",
    "complianz preferences": "functional",
    "complianz statistics": "performance",
    "complianz statistics-anonymous": "counting",
    "complianz marketing": "targeting",
    "iubenda 1": "necessary",
    "iubenda 2": "functional",
    "iubenda 3": "functional",
    "iubenda 4": "performance",
    "iubenda 5": "targeting",
}

#: Class of a banner's category -> the fideslang uses, by their beginnings, of the purposes that it refuses.
CLASS_USES: Mapping[str, tuple[str, ...]] = {
    "necessary": (),
    "counting": ("analytics.reporting.system",),
    "performance": ("analytics.reporting.content_performance", "analytics.reporting.campaign_insights"),
    "functional": ("personalize",),
    "targeting": ("marketing", "analytics.reporting.ad_performance", "third_party_sharing"),
}
