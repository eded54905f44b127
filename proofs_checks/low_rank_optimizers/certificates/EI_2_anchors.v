(* low_rank_optimizers/EI-2: A vote moves a weight by at most one. Weights of eight bits are trained for T steps by
   votes. No weight is further than T, or 254, from where it began, each step moves it by at most 1, and it stays
   between -127 and 127, whatever the members score. Of every number of steps, from every weight, whatever the
   votes are: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import EI_2.
Import ListNotations.
Open Scope R_scope.

(* integer-steps:always-0 *)
Example anchor_1 :
  hypotheses (115)%Z [(115)%Z] /\
  lhs (115)%Z [(115)%Z] = (0) /\
  rhs (115)%Z [(115)%Z] = (1).
Proof. anchored. Qed.

(* integer-steps:always-0 *)
Example anchor_2 :
  hypotheses (-109)%Z [(-109)%Z; (-109)%Z; (-109)%Z; (-110)%Z; (-110)%Z; (-109)%Z; (-108)%Z; (-107)%Z] /\
  lhs (-109)%Z [(-109)%Z; (-109)%Z; (-109)%Z; (-110)%Z; (-110)%Z; (-109)%Z; (-108)%Z; (-107)%Z] = (2) /\
  rhs (-109)%Z [(-109)%Z; (-109)%Z; (-109)%Z; (-110)%Z; (-110)%Z; (-109)%Z; (-108)%Z; (-107)%Z] = (8).
Proof. anchored. Qed.

(* integer-steps:always-1 *)
Example anchor_3 :
  hypotheses (-107)%Z [(-106)%Z] /\
  lhs (-107)%Z [(-106)%Z] = (1) /\
  rhs (-107)%Z [(-106)%Z] = (1).
Proof. anchored. Qed.

(* integer-steps:always-1 *)
Example anchor_4 :
  hypotheses (-118)%Z [(-117)%Z; (-116)%Z; (-115)%Z; (-116)%Z; (-116)%Z; (-117)%Z; (-118)%Z; (-119)%Z] /\
  lhs (-118)%Z [(-117)%Z; (-116)%Z; (-115)%Z; (-116)%Z; (-116)%Z; (-117)%Z; (-118)%Z; (-119)%Z] = (1) /\
  rhs (-118)%Z [(-117)%Z; (-116)%Z; (-115)%Z; (-116)%Z; (-116)%Z; (-117)%Z; (-118)%Z; (-119)%Z] = (8).
Proof. anchored. Qed.

(* integer-steps:always-2 *)
Example anchor_5 :
  hypotheses (-86)%Z [(-87)%Z] /\
  lhs (-86)%Z [(-87)%Z] = (1) /\
  rhs (-86)%Z [(-87)%Z] = (1).
Proof. anchored. Qed.

(* integer-steps:always-2 *)
Example anchor_6 :
  hypotheses (-123)%Z [(-124)%Z; (-125)%Z; (-126)%Z; (-125)%Z; (-124)%Z; (-123)%Z; (-122)%Z; (-121)%Z] /\
  lhs (-123)%Z [(-124)%Z; (-125)%Z; (-126)%Z; (-125)%Z; (-124)%Z; (-123)%Z; (-122)%Z; (-121)%Z] = (2) /\
  rhs (-123)%Z [(-124)%Z; (-125)%Z; (-126)%Z; (-125)%Z; (-124)%Z; (-123)%Z; (-122)%Z; (-121)%Z] = (8).
Proof. anchored. Qed.

(* integer-steps:always-3 *)
Example anchor_7 :
  hypotheses (-98)%Z [(-99)%Z] /\
  lhs (-98)%Z [(-99)%Z] = (1) /\
  rhs (-98)%Z [(-99)%Z] = (1).
Proof. anchored. Qed.

(* integer-steps:always-3 *)
Example anchor_8 :
  hypotheses (-126)%Z [(-127)%Z; (-127)%Z; (-127)%Z; (-126)%Z; (-125)%Z; (-126)%Z; (-125)%Z; (-124)%Z] /\
  lhs (-126)%Z [(-127)%Z; (-127)%Z; (-127)%Z; (-126)%Z; (-125)%Z; (-126)%Z; (-125)%Z; (-124)%Z] = (2) /\
  rhs (-126)%Z [(-127)%Z; (-127)%Z; (-127)%Z; (-126)%Z; (-125)%Z; (-126)%Z; (-125)%Z; (-124)%Z] = (8).
Proof. anchored. Qed.

(* integer-steps:always-4 *)
Example anchor_9 :
  hypotheses (-127)%Z [(-126)%Z] /\
  lhs (-127)%Z [(-126)%Z] = (1) /\
  rhs (-127)%Z [(-126)%Z] = (1).
Proof. anchored. Qed.

(* integer-steps:always-4 *)
Example anchor_10 :
  hypotheses (-127)%Z [(-127)%Z; (-127)%Z; (-127)%Z; (-127)%Z; (-127)%Z; (-126)%Z; (-125)%Z; (-124)%Z] /\
  lhs (-127)%Z [(-127)%Z; (-127)%Z; (-127)%Z; (-127)%Z; (-127)%Z; (-126)%Z; (-125)%Z; (-124)%Z] = (3) /\
  rhs (-127)%Z [(-127)%Z; (-127)%Z; (-127)%Z; (-127)%Z; (-127)%Z; (-126)%Z; (-125)%Z; (-124)%Z] = (8).
Proof. anchored. Qed.

(* integer-steps:always-5 *)
Example anchor_11 :
  hypotheses (127)%Z [(126)%Z] /\
  lhs (127)%Z [(126)%Z] = (1) /\
  rhs (127)%Z [(126)%Z] = (1).
Proof. anchored. Qed.

(* integer-steps:always-5 *)
Example anchor_12 :
  hypotheses (127)%Z [(126)%Z; (125)%Z; (124)%Z; (123)%Z; (122)%Z; (121)%Z; (120)%Z; (119)%Z] /\
  lhs (127)%Z [(126)%Z; (125)%Z; (124)%Z; (123)%Z; (122)%Z; (121)%Z; (120)%Z; (119)%Z] = (8) /\
  rhs (127)%Z [(126)%Z; (125)%Z; (124)%Z; (123)%Z; (122)%Z; (121)%Z; (120)%Z; (119)%Z] = (8).
Proof. anchored. Qed.
