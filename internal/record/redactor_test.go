package record

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/switchgear-dev/switchgear"
)

func redactor(t testing.TB) *Redactor {
	t.Helper()
	sum := sha256.Sum256([]byte("the-shop.client/7"))
	r, err := NewRedactor(Redaction{
		Secrets:  []switchgear.Secret{switchgear.NewSecret("our own upstream key"), switchgear.NewSecret("x")},
		Hashes:   []string{"sha256:" + hex.EncodeToString(sum[:])},
		Patterns: []string{`ORDER-[0-9]+`},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestText(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"mail", "Write to ada.l+x@mail.example.org, or Ada.", "Write to [email-1], or Ada."},
		{"the same twice", "a@b.example and c@d.example and a@b.example", "[email-1] and [email-2] and [email-1]"},
		{"mail in an address", "https://x.example/?to=ada%40mail.example", "https://x.example/?to=[email-1]"},
		{"umlauts", "jörg@müller.example schrieb", "[email-1] schrieb"},
		{"card", "pay with 4111 1111 1111 1111 now", "pay with [card-1] now"},
		{"card among numbers", "order 12 5500005555555559 2 pieces", "order 12 [card-1] 2 pieces"},
		{"amex", "378282246310005", "[card-1]"},
		{"no card", "tracking 4111111111111112", "tracking 4111111111111112"},
		{"milliseconds", "at 1733011200000", "at 1733011200000"},
		{"iban", "to DE89 3704 0044 0532 0130 00 please", "to [iban-1] please"},
		{"iban in one", "GB82WEST12345698765432.", "[iban-1]."},
		{"iban behind another word", "no12 AB12 NL91ABNA0417164300", "no12 AB12 [iban-1]"},
		{"no iban", "DE88 3704 4405 3213 5312 11", "DE88 3704 4405 3213 5312 11"},
		{"abroad", "call +49 (0)30 901820-15", "call [phone-1]"},
		{"abroad by zeros", "0041446681800!", "[phone-1]!"},
		{"national", "Tel. 0151 23456789", "Tel. [phone-1]"},
		{"american", "(415) 555-2671 or 415.555.2671", "[phone-1] or [phone-2]"},
		{"named", "my phone number is 5552671", "my phone number is [phone-1]"},
		{"dates", "on 2024-05-13 at 10:30:45 and 01.02.2024 10:15", "on 2024-05-13 at 10:30:45 and 01.02.2024 10:15"},
		{"fractions", "3.14159265358979 and 0.0123456789 and 2.01234567890123", "3.14159265358979 and 0.0123456789 and 2.01234567890123"},
		{"ip", "from 192.168.1.17:8080", "from [ip-1]:8080"},
		{"ip v6", "at 2001:db8::8a2e:370:7334.", "at [ip-1]."},
		{"no ip", "std::vector<int> a::b 300.1.1.1", "std::vector<int> a::b 300.1.1.1"},
		{"social security", "SSN 078-05-1120", "SSN [id-1]"},
		{"openai key", "sk-proj-abcdefghij0123456789", "[key-1]"},
		{"anthropic key", "key=sk-ant-api03-AbC_dEf-0123456789xyz;", "key=[key-1];"},
		{"words with sk in them", "task-management-2024-overview risk-assessment-framework", "task-management-2024-overview risk-assessment-framework"},
		{"google key", "AIzaSyA1234567890abcdefghijklmnopqrstuv", "[key-1]"},
		{"aws key", "AKIAIOSFODNN7EXAMPLE", "[key-1]"},
		{"token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF_ghi", "[key-1]"},
		{"bearer", "Authorization: Bearer abcdef12345", "Authorization: Bearer [key-1]"},
		{"no bearer", "the bearer authentication scheme", "the bearer authentication scheme"},
		{"without a prefix", "QmFzZTY0IGlzIG5vdA1234567890abcd", "[key-1]"},
		{"hashes", "commit 5d41402abc4b2a76b9719d911017c5925d41402a", "commit 5d41402abc4b2a76b9719d911017c5925d41402a"},
		{"private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nbye", "[key-1]\nbye"},
		{"private key cut short", "-----BEGIN PRIVATE KEY-----\nMIIE", "[key-1]"},
		{"password", "password: hunter two", "password: [secret-1] two"},
		{"passwort", "Das Passwort ist geheim!", "Das Passwort ist [secret-1]"},
		{"password in an address, with its host", "postgres://app:s3cret@db.example/x", "postgres://app:[email-1]/x"},
		{"password in an address", "redis://:s3cret@cache/0", "redis://:[secret-1]@cache/0"},
		{"signed address", "https://x.example/a?sig=Ab3dEf", "https://x.example/a?sig=[secret-1]"},
		{"code", "token = next(tokens)", "token = next(tokens)"},
		{"the configuration's", "about ORDER-4711", "about [custom-1]"},
		{"our upstream key", "<our own upstream key>", "<[key-1]>"},
		{"a client's key", "it is the-shop.client/7", "it is [key-1]"},
		{"overlapping", "ORDER-4111111111111111@shop.example", "[email-1]"},
		{"cut JSON", `{"mail":"ada\u0040mail.example","n`, `{"mail":"[email-1]","n`},
		{"data", "see data:image/png;base64,iVBORw0KGgoAAAANSUhEUg== there", "see [image/png, 16 bytes left out] there"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := redactor(t).pass().text(tt.in); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestBody(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{
			"model and stream say nothing of the question",
			`{"model":"chat","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"Hi <b> ü"}]}`,
			`{"messages":[{"role":"user","content":"Hi <b> ü"}]}`,
		},
		{
			"who asked",
			`{"user":"u-1","safety_identifier":"u-1","metadata":{"user_id":"u-2","run":"a"},"messages":[{"content":[{"user":"x"}]}]}`,
			`{"user":"[user-1]","safety_identifier":"[user-1]","metadata":{"user_id":"[user-2]","run":"a"},"messages":[{"content":[{"user":"x"}]}]}`,
		},
		{
			"arguments, escapes and all",
			`{"messages":[{"tool_calls":[{"function":{"name":"f","arguments":"{\"to\": \"a\\u0040b.example\", \"password\": \"hm\"}"}}]}]}`,
			`{"messages":[{"tool_calls":[{"function":{"name":"f","arguments":"{\"to\":\"[email-1]\",\"password\":\"[secret-1]\"}"}}]}]}`,
		},
		{
			"arguments without a find stay as they are",
			`{"messages":[{"content":"{ \"a\": 1 }"}]}`,
			`{"messages":[{"content":"{ \"a\": 1 }"}]}`,
		},
		{"numbers", `{"a":[4111111111111111,4111111111111112,-1.5e3],"pin":1234}`, `{"a":[0,4111111111111112,-1.5e3],"pin":0}`},
		{
			"pictures and documents",
			`{"messages":[{"content":[{"source":{"type":"base64","media_type":"image/gif","data":"R0lGODlhAQABAAAAACw="}},` +
				`{"source":{"type":"text","media_type":"text/plain","data":"Call 415-555-2671, please."}},` +
				`{"input_audio":{"data":"UklGRiQAAABXQVZFZm10IA==","format":"wav"}}]}]}`,
			`{"messages":[{"content":[{"source":{"type":"base64","media_type":"image/gif","data":"[image/gif, 14 bytes left out]"}},` +
				`{"source":{"type":"text","media_type":"text/plain","data":"Call [phone-1], please."}},` +
				`{"input_audio":{"data":"[audio/wave, 16 bytes left out]","format":"wav"}}]}]}`,
		},
		{
			"a schema is no secret",
			`{"tools":[{"parameters":{"properties":{"password":{"type":"string"},"token":{"type":"string"}},"required":["password","token"]}}]}`,
			`{"tools":[{"parameters":{"properties":{"password":{"type":"string"},"token":{"type":"string"}},"required":["password","token"]}}]}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(redactor(t).pass().body([]byte(tt.in))); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestHostileTexts redacts what is made to be slow to redact: a text of a
// megabyte must not keep the writer busy for minutes. There is no clock here; a
// rule that looks at each byte from each byte does not come to its end.
func TestHostileTexts(t *testing.T) {
	const size = 1 << 20
	for name, piece := range map[string]string{
		"ats": "@", "addresses": "a@", "dots": "a.", "dashes": "-", "words": "a-", "digits": "4", "groups": "4111 ", "accounts": "DE89", "colons": "a:",
		"pluses": "+1 ", "escapes": `\u0040`, "backslashes": `\`, "quotes": `\"`, "urls": "a://b:", "names": "password:", "phones": "tel ", "brackets": "[", "keys": "sk-", "begin": "-----BEGIN PRIVATE KEY-----",
	} {
		t.Run(name, func(t *testing.T) {
			redactor(t).pass().text(strings.Repeat(piece, size/len(piece)))
		})
	}
}
