package money

// The writing of amounts on Chinese vouchers: 《支付结算办法》 annex 1 (People's
// Bank of China, 1997), 正确填写票据和结算凭证的基本规定.
//
//   - 整 ends an amount without fen. The rules demand it after 元 and allow it
//     after 角; Hedui writes it in both places, so that nothing can be added.
//   - Any run of zeros between two other digits is one 零; 角 zero before fen is
//     a 零 too (¥325.04: 叁佰贰拾伍元零肆分).
//   - Where the rules leave a 零 free, because the digit of 元 or 万 itself is
//     zero and the next lower one is not, none is written (¥1,680.32:
//     壹仟陆佰捌拾元叁角贰分).
//   - Tens are written in full: 壹拾, never 拾 alone.

var figures = [10]string{"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"}

// Capital returns the amount in capital figures, 壹仟贰佰叁拾肆元伍角整. A
// negative amount begins with 负. The words 人民币 are the form's, not written here.
func (f Fen) Capital() string {
	s, yuan, fen := f.split("负")
	if yuan > 0 {
		s += integer(yuan) + "元"
	}
	jiao, fen := fen/10, fen%10
	switch {
	case yuan == 0 && jiao == 0 && fen == 0:
		return "零元整"
	case jiao > 0:
		s += figures[jiao] + "角"
	case yuan > 0 && fen > 0:
		s += "零"
	}
	if fen == 0 {
		return s + "整"
	}
	return s + figures[fen] + "分"
}

// integer writes n > 0 from the largest unit down: so many 亿, so many 万 and so
// on, a 零 wherever the rest does not fill the next lower place.
func integer(n uint64) string {
	for _, u := range []struct {
		value uint64
		name  string
	}{{1e8, "亿"}, {1e4, "万"}, {1000, "仟"}, {100, "佰"}, {10, "拾"}} {
		if n < u.value {
			continue
		}
		s, rest := integer(n/u.value)+u.name, n%u.value
		if rest == 0 {
			return s
		}
		if rest < u.value/10 {
			s += "零"
		}
		return s + integer(rest)
	}
	return figures[n]
}
