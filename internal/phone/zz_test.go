package phone
import ("testing";"fmt";"strings")
func TestZZ(t *testing.T){
 for _,w:=range strings.Fields("zeroo ziro zeero zrro xero zer0 zeru wun onne 1ne wan ohne oone tew tooo twoo tuu tvvo thre threee tree thrie thr33 foar fower phour fourr forr fiv fyve fife faiv phive fivee sics siks sixx cix sicks seex sevn sevven sebben zeven seben sven eigth eit ayt aight eightt eyght nein nien nain nyne niine nign sero ceero serro huno unno doz doss dox trez trs tress kuatro quatro kwatro sinco zinco cinko sinko ceis zeis seiz ses ciete ziete siet syete osho oxo ochoo hocho nuebe nuev nuve mueve fv svn nn zro thr eght tw"){
  d,c,ok:=spelt([]byte(w)); if !ok||c>.9 {fmt.Println(w,d,c,ok)}
 }
}
