package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// A county of the city with its weight in the population and some of its streets.
type county struct {
	code, name string
	weight     int
	streets    []string
}

// counties are the ten of today. The simulator keeps its own table: it must not
// lean on the tables it tests.
var counties = []county{
	{"330203", "海曙区", 11, strings.Fields("白云街道丽园北路 江厦街道药行街 高桥镇新丰路 集士港镇春华路")},
	{"330205", "江北区", 5, strings.Fields("中马街道人民路 庄桥街道天沁路 慈城镇解放路")},
	{"330206", "北仑区", 9, strings.Fields("新碶街道明州路 大碶街道坝头路 小港街道红联路")},
	{"330211", "镇海区", 5, strings.Fields("招宝山街道车站路 骆驼街道民和路 庄市街道毓秀路")},
	{"330212", "鄞州区", 17, strings.Fields("钟公庙街道四明中路 下应街道湖下路 东柳街道中兴路 姜山镇明曙路")},
	{"330213", "奉化区", 6, strings.Fields("锦屏街道南山路 溪口镇武岭西路 莼湖街道振兴路")},
	{"330225", "象山县", 6, strings.Fields("丹东街道新丰路 石浦镇渔港路 西周镇镇中路")},
	{"330226", "宁海县", 7, strings.Fields("跃龙街道中山中路 梅林街道岔路 长街镇人民路")},
	{"330281", "余姚市", 13, strings.Fields("凤山街道阳明东路 低塘街道历山路 泗门镇光明路")},
	{"330282", "慈溪市", 19, strings.Fields("浒山街道三北大街 宗汉街道西二环路 观海卫镇南大街")},
}

// countyIndex finds a county by its code; the callers name codes of the table.
func countyIndex(code string) uint8 {
	for i, c := range counties {
		if c.code == code {
			return uint8(i)
		}
	}
	return 0
}

func drawCounty(r *rand.Rand) uint8 {
	n := r.IntN(98) // the sum of the weights
	for i, c := range counties {
		if n -= c.weight; n < 0 {
			return uint8(i)
		}
	}
	return 0
}

// street is the part of an address that registers agree on.
func street(county uint8, r *rand.Rand) string {
	c := counties[county]
	return "宁波市" + c.name + c.streets[r.IntN(len(c.streets))]
}

// address of the household h, always the same.
func (c *City) address(h int32) string {
	hh := &c.homes[h]
	r := c.draw(hh.first, saltHukou)
	if hh.rural {
		return fmt.Sprintf("浙江省%s%d号", street(hh.county, r), 1+r.IntN(300))
	}
	return fmt.Sprintf("浙江省%s%d弄%d号%d%02d室", street(hh.county, r), 1+r.IntN(400), 1+r.IntN(40), 1+r.IntN(18), 1+r.IntN(4))
}
