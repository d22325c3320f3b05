"""GA4's names, limits and required parameters, as tables."""

from collections.abc import Mapping


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MAX_EVENTS = 25
MAX_PARAMS = 25
MAX_USER_PROPERTIES = 25
MAX_ITEMS = 200
# The help centre names 27, but the validation server's message says 10.
MAX_CUSTOM_ITEM_PARAMS = 10
MAX_NAME = 40
MAX_VALUE = 100
MAX_LONG_VALUES: Mapping[str, int] = {
    "page_title": 300,
    "page_referrer": 420,
    "page_location": 1000,
}
MAX_USER_PROPERTY_NAME = 24
MAX_USER_PROPERTY_VALUE = 36
MAX_USER_ID = 256
MAX_BODY_BYTES = 130_000
MAX_AGE_MICROS = 72 * 3_600 * 1_000_000

RESERVED_EVENTS = _names("""
    ad_activeview ad_click ad_exposure ad_query ad_reward adunit_exposure app_clear_data
    app_exception app_install app_remove app_store_refund app_update app_upgrade
    dynamic_link_app_open dynamic_link_app_update dynamic_link_first_open error firebase_campaign
    firebase_in_app_message_action firebase_in_app_message_dismiss
    firebase_in_app_message_impression first_open first_visit notification_dismiss
    notification_foreground notification_open notification_receive notification_send os_update
    session_start user_engagement
    """)
APP_ONLY_EVENTS = frozenset({"ad_impression", "in_app_purchase", "screen_view"})
RESERVED_PREFIXES = ("_", "firebase_", "ga_", "google_", "gtag.")
RESERVED_PARAMS = frozenset({"firebase_conversion"})
RESERVED_USER_PROPERTIES = _names("""
    first_open_time first_visit_time last_deep_link_referrer user_id first_open_after_install
    """)
RESERVED_USER_PROPERTY_PREFIXES = ("_", "firebase_", "ga_", "google_")
UNWISE_NAMES = _names("cid uid sid userid customer_id gclid dclid srsltid")
"""Taken by the protocol, and kept for itself by GA4's interface, for params and user properties."""

ITEM_NUMBERS = ("price", "discount", "quantity", "index")
ITEM_PARAMS = _names("""
    item_id item_name affiliation coupon item_brand item_category item_category2 item_category3
    item_category4 item_category5 item_list_id item_list_name item_variant location_id
    creative_name creative_slot promotion_id promotion_name google_business_vertical
    price discount quantity index
    """)

_PRICED = ("items", "value", "currency")
REQUIRED_PARAMS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("view_item_list", "select_item"), ("items",)),
    **dict.fromkeys(("view_promotion", "select_promotion"), ("items",)),
    **dict.fromkeys(("view_item", "add_to_cart", "remove_from_cart"), _PRICED),
    **dict.fromkeys(("view_cart", "add_to_wishlist", "begin_checkout"), _PRICED),
    **dict.fromkeys(("add_shipping_info", "add_payment_info"), _PRICED),
    "purchase": ("transaction_id", *_PRICED),
    "refund": ("transaction_id", "value", "currency"),
    "search": ("search_term",),
    "generate_lead": ("value", "currency"),
}
