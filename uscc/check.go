package uscc

import "strings"

// checkUSCC computes the 18th character of GB 32100: the weights are the powers
// of 3 modulo 31.
func checkUSCC(body string) string {
	sum, weight := 0, 1
	for i := range len(body) {
		sum += strings.IndexByte(alphabet, body[i]) * weight
		weight = weight * 3 % 31
	}
	return alphabet[(31-sum%31)%31:][:1]
}

// checkRegistration computes the 15th digit of GS 15-2006: ISO 7064 MOD 11,10.
func checkRegistration(body string) string {
	p := 10
	for i := range len(body) {
		p = (p + int(body[i]-'0')) % 10
		if p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	return digits[(11-p)%10:][:1]
}

// checkOrganisation computes the ninth character of GB 11714; letters count from
// A = 10.
func checkOrganisation(base string) string {
	sum := 0
	for i, weight := range []int{3, 7, 9, 10, 5, 8, 4, 2} {
		sum += strings.IndexByte(classes['z'], base[i]) * weight
	}
	return "0X987654321"[sum%11:][:1]
}
