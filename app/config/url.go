package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// currencies are the codes of ISO 4217 that prices are made in.
const currencies = `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD
HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD
MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG
QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD
TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG`

// listenAddress reads host:port, or :port for every interface.
func (r *configReader) listenAddress(v value, fallback string) string {
	if !v.given() {
		return fallback
	}
	_, port, err := net.SplitHostPort(v.text)
	if n, convErr := strconv.ParseUint(port, 10, 16); err != nil || convErr != nil || port != strconv.FormatUint(n, 10) {
		r.fault(v.line, "%s is %q: write host:port, such as %s", v.name(), v.text, fallback)
	}
	return v.text
}

// networks reads addresses and networks. None may hold every address there is.
func (r *configReader) networks(list []value) []netip.Prefix {
	var networks []netip.Prefix
	for _, v := range list {
		network, err := netip.ParsePrefix(v.text)
		if address, wrong := netip.ParseAddr(v.text); wrong == nil && address.Zone() == "" {
			network, err = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()), nil
		}
		switch {
		case err != nil || network.Addr().Is4In6():
			r.fault(v.line, "%s has %q: write an address or a network, such as 10.0.0.7, 10.0.0.0/24 or fd00::/64", v.name(), v.text)
		case network.Bits() == 0:
			r.fault(v.line, "%s has %q, which is every address: write those of your proxies alone, or anybody may claim any address", v.name(), v.text)
		default:
			networks = append(networks, network.Masked())
		}
	}
	return networks
}

// publicURL reads where providers reach us; for trials on one machine it follows from where we listen.
func (r *configReader) publicURL(v value, listen string) string {
	if !v.given() {
		return LocalURL(listen)
	}
	u, err := url.Parse(v.text)
	if err != nil || !IsHTTP(v.text) || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		r.fault(v.line, "%s is %q: write https://host, without ? and #", v.name(), v.text)
	}
	return strings.TrimRight(v.text, "/")
}

// LocalURL is where a listener is reached on its own machine.
func LocalURL(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if ip := net.ParseIP(host); err != nil || host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

// IsHTTP reports whether an address is a URL of http or https with a host.
func IsHTTP(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// password finds user:password@ behind a scheme, for each of several hosts too.
var password = regexp.MustCompile(`(^//|,)[^/@,]*:[^/@,]+@`)

// storeURL checks a store's address and returns its scheme. A message never shows the address: it may hold a
// password, and one that stands in the file is a fault by itself.
func (r *configReader) storeURL(v value, schemes ...string) string {
	if !v.given() {
		return ""
	}
	scheme, rest, ok := strings.Cut(v.text, ":")
	if !ok || !slices.Contains(schemes, scheme) || strings.Trim(rest, "/") == "" || (scheme != "sqlite" && !strings.HasPrefix(rest, "//")) {
		r.fault(v.line, "%s can't be read: it must start with one of %s", v.name(), strings.Join(schemes, ":, ")+":")
		return ""
	}
	if v.env == "" && password.MatchString(rest) {
		r.fault(v.line, "%s holds a password: put it into the environment and write %s: ${NAME}", v.key, v.key)
	}
	return scheme
}

// CheckServer says how a flag that names a server is written, where it is not.
func CheckServer(flag, address string) error {
	if !IsHTTP(address) {
		return fmt.Errorf("%s %s: write a URL, such as http://127.0.0.1:8080", flag, address)
	}
	return nil
}
