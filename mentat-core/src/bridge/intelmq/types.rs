//! `classification.type` and Category: the table of the module's documentation, as data.

/// A `classification.type`, its `classification.taxonomy`, the Category, and a Type that the source is given.
pub(super) type Row = (&'static str, &'static str, &'static str, Option<&'static str>);

#[rustfmt::skip]
pub(super) const TYPES: &[Row] = &[
    ("spam", "abusive-content", "Abusive.Spam", Some("Spam")),
    ("violence", "abusive-content", "Abusive.Violence", None),
    ("harmful-speech", "abusive-content", "Abusive.Harassment", None),
    ("infected-system", "malicious-code", "Malware", None),
    ("malware-configuration", "malicious-code", "Malware", Some("MalwareConf")),
    ("malware-distribution", "malicious-code", "Malware", Some("Malware")),
    ("malware", "other", "Malware", None),
    ("scanner", "information-gathering", "Recon.Scanning", None),
    ("sniffing", "information-gathering", "Recon.Sniffing", None),
    ("social-engineering", "information-gathering", "Recon.SocialEngineering", None),
    ("brute-force", "intrusion-attempts", "Attempt.Login", None),
    ("exploit", "intrusion-attempts", "Attempt.Exploit", None),
    ("ids-alert", "intrusion-attempts", "Attempt.Exploit", None),
    ("burglary", "intrusions", "Intrusion", None),
    ("c2-server", "malicious-code", "Intrusion.Botnet", Some("CC")),
    ("ddos-amplifier", "vulnerable", "Intrusion.Botnet", Some("Open")),
    ("system-compromise", "intrusions", "Intrusion.AdminCompromise", None),
    ("privileged-account-compromise", "intrusions", "Intrusion.AdminCompromise", None),
    ("unprivileged-account-compromise", "intrusions", "Intrusion.UserCompromise", None),
    ("application-compromise", "intrusions", "Intrusion.AppCompromise", None),
    ("ddos", "availability", "Availability.DDoS", None),
    ("dos", "availability", "Availability.DoS", None),
    ("sabotage", "availability", "Availability.Sabotage", None),
    ("outage", "availability", "Availability.Outage", None),
    ("misconfiguration", "availability", "Availability.Outage", None),
    ("data-leak", "information-content-security", "Information", None),
    ("data-loss", "information-content-security", "Information", None),
    ("unauthorised-information-access", "information-content-security", "Information.UnauthorizedAccess", None),
    ("information-disclosure", "vulnerable", "Information.UnauthorizedAccess", None),
    ("unauthorised-information-modification", "information-content-security",
        "Information.UnauthorizedModification", None),
    ("phishing", "fraud", "Fraud.Phishing", Some("Phishing")),
    ("masquerade", "fraud", "Fraud.Scam", None),
    ("unauthorized-use-of-resources", "fraud", "Fraud.UnauthorizedUsage", None),
    ("copyright", "fraud", "Fraud.Copyright", None),
    ("potentially-unwanted-accessible", "vulnerable", "Vulnerable.Open", Some("Open")),
    ("proxy", "other", "Vulnerable.Config", Some("Proxy")),
    ("weak-crypto", "vulnerable", "Vulnerable.Config", None),
    ("vulnerable-system", "vulnerable", "Vulnerable.Config", None),
    ("dga-domain", "other", "Anomaly.Behaviour", Some("DGA")),
    ("blacklist", "other", "Other", None),
    ("tor", "other", "Other", Some("Tor")),
    ("other", "other", "Other", None),
    ("undetermined", "other", "Other", None),
    ("test", "test", "Test", None),
];

/// The way back where one Category has several types, or none. The first row that fits counts: the category is the one
/// named or a subclass of it, and a source has the Type if one is named.
#[rustfmt::skip]
const BACK: &[(&str, Option<&str>, &str)] = &[
    ("Malware", Some("MalwareConf"), "malware-configuration"),
    ("Malware", Some("CC"), "c2-server"),
    ("Malware", Some("Malware"), "malware-distribution"),
    ("Malware", None, "infected-system"),
    ("Recon.Searching", None, "scanner"),
    ("Attempt.Exploit", None, "exploit"),
    ("Attempt.NewSignature", None, "exploit"),
    ("Attempt", None, "ids-alert"),
    ("Intrusion.Botnet", Some("CC"), "c2-server"),
    // A bot is not a command server: calling it one would send its owner the wrong report.
    ("Intrusion.Botnet", None, "infected-system"),
    ("Intrusion.AdminCompromise", None, "privileged-account-compromise"),
    ("Intrusion", None, "system-compromise"),
    ("Abusive.Child", None, "violence"),
    ("Abusive.Sexual", None, "violence"),
    ("Availability.Outage", None, "outage"),
    ("Information.UnauthorizedAccess", None, "unauthorised-information-access"),
    ("Information", None, "data-leak"),
    ("Fraud.Masquerade", None, "masquerade"),
    ("Vulnerable.Config", Some("Proxy"), "proxy"),
    ("Vulnerable", None, "vulnerable-system"),
    ("Anomaly.Behaviour", Some("DGA"), "dga-domain"),
    ("Anomaly.Behaviour", None, "undetermined"),
    ("Anomaly", None, "undetermined"),
    ("Suspicious.TOR", None, "tor"),
    ("Other", Some("Tor"), "tor"),
    ("Other", None, "other"),
];

pub(super) fn row(kind: &str) -> Option<&'static Row> {
    TYPES.iter().find(|row| row.0 == kind)
}

fn within(category: &str, class: &str) -> bool {
    category
        .strip_prefix(class)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The type for an event of these categories, whose sources have these Types. `remembered` is the type that the event
/// came from; it counts as long as the categories still say so.
pub(super) fn type_of(categories: &[&str], tags: &[&str], remembered: Option<&str>) -> &'static Row {
    const UNDETERMINED: Row = ("undetermined", "other", "Other", None);
    const TEST: Row = ("test", "test", "Test", None);
    // Whoever gets a test without being told acts upon it.
    if categories.contains(&"Test") {
        return &TEST;
    }
    if let Some(row) = remembered.and_then(row).filter(|row| categories.contains(&row.2)) {
        return row;
    }
    let one = |category: &&str| {
        let rule = |fits: &dyn Fn(&str) -> bool| {
            let rule = BACK
                .iter()
                .find(|(class, tag, _)| fits(class) && tag.is_none_or(|tag| tags.contains(&tag)));
            rule.and_then(|(_, _, kind)| row(kind))
        };
        let mut exact = TYPES.iter().filter(|row| row.2 == *category);
        let only = exact.next().filter(|_| exact.next().is_none());
        rule(&|class| class == *category)
            .or(only)
            .or_else(|| rule(&|class| within(category, class)))
    };
    categories.iter().find_map(one).unwrap_or(&UNDETERMINED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_back_when_remembered() {
        assert_eq!(TYPES.len(), 44);
        for row in TYPES {
            assert_eq!(type_of(&[row.2], &[], Some(row.0)).0, row.0);
            assert_ne!(type_of(&[row.2], &[], None).0, "");
        }
    }

    #[test]
    fn every_rule_leads_to_a_type() {
        for (class, tag, kind) in BACK {
            assert!(row(kind).is_some(), "{kind}");
            let tags: Vec<&str> = tag.iter().copied().collect();
            assert_eq!(type_of(&[class], &tags, None).0, *kind, "{class} {tag:?}");
        }
    }

    #[test]
    fn the_way_back() {
        for (categories, tags, expected) in [
            (&["Malware.Worm"][..], &[][..], "infected-system"),
            (&["Malware.Ransomware"], &["Malware"], "malware-distribution"),
            (&["Nothing.Known", "Recon.Scanning"], &[], "scanner"),
            (&["Recon.Scanning", "Test"], &[], "test"),
            (&["Intrusion.Botnet"], &["Botnet"], "infected-system"),
            (&["Malwares"], &[], "undetermined"),
            (&[], &[], "undetermined"),
        ] {
            assert_eq!(type_of(categories, tags, None).0, expected, "{categories:?}");
        }
        // The category has changed since.
        assert_eq!(type_of(&["Recon.Scanning"], &[], Some("blacklist")).0, "scanner");
    }
}
