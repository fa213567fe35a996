//! The test payment methods.

/// Is authorized.
pub const APPROVED: &str = "pm_approved";
/// Is declined: the customer should try another method.
pub const DECLINED: &str = "pm_declined";
/// Is declined for want of money: worth a try on another day.
pub const INSUFFICIENT: &str = "pm_insufficient_funds";
/// Is declined for good: reported as stolen.
pub const STOLEN: &str = "pm_stolen";
/// Is authorized, and the answer takes some seconds.
pub const SLOW: &str = "pm_slow";
/// Is authorized, and the first answer never arrives.
pub const REPLY_LOST: &str = "pm_reply_lost";

/// Why `method` is refused, in the classes of FEATURES PAY-12; nothing when it is good.
#[must_use]
pub fn decline_class(method: &str) -> Option<&'static str> {
    match method {
        APPROVED | SLOW | REPLY_LOST => None,
        INSUFFICIENT => Some("retry-later"),
        STOLEN => Some("do-not-retry"),
        // DECLINED, and every token this provider never issued.
        _ => Some("other-method"),
    }
}
