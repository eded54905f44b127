(* dynamic_submodular/DS-P8: Any set bounds the optimum by its value and the best marginals on top. For every set
   A, the best value OPT of at most k elements is at most f(A) plus the largest sum of marginals f(v|A) over the
   elements v of a set O of at most k elements. Of every monotone submodular function, every set that proves a
   bound, every k and all elements that are there: the rule. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import Submodular DS_P8.
Import ListNotations.
Open Scope R_scope.

(* bounded:always-0 *)
Example anchor_1 :
  hypotheses 3 (value [0; 3; 2; 5; 1; 4; 3; 6]%Z) 2 [0; 1; 2]%N []%N (2 / 1) [0; 1]%N (5 / 1) [0; 1]%N /\
  lhs 3 (value [0; 3; 2; 5; 1; 4; 3; 6]%Z) 2 [0; 1; 2]%N []%N (2 / 1) [0; 1]%N (5 / 1) [0; 1]%N = (5) /\
  rhs 3 (value [0; 3; 2; 5; 1; 4; 3; 6]%Z) 2 [0; 1; 2]%N []%N (2 / 1) [0; 1]%N (5 / 1) [0; 1]%N = (5).
Proof. anchored. Qed.

(* bounded:always-1 *)
Example anchor_2 :
  hypotheses 4 (value [0; 4; 2; 6; 8; 12; 10; 14; 1; 5; 3; 7; 9; 13; 11; 15]%Z) 2 [0; 1; 2]%N [3; 1]%N (4 / 1) [2; 0]%N (15 / 1) [0; 2]%N /\
  lhs 4 (value [0; 4; 2; 6; 8; 12; 10; 14; 1; 5; 3; 7; 9; 13; 11; 15]%Z) 2 [0; 1; 2]%N [3; 1]%N (4 / 1) [2; 0]%N (15 / 1) [0; 2]%N = (9) /\
  rhs 4 (value [0; 4; 2; 6; 8; 12; 10; 14; 1; 5; 3; 7; 9; 13; 11; 15]%Z) 2 [0; 1; 2]%N [3; 1]%N (4 / 1) [2; 0]%N (15 / 1) [0; 2]%N = (12).
Proof. anchored. Qed.

(* bounded:always-2 *)
Example anchor_3 :
  hypotheses 3 (value [0; 2; 2; 4; 2; 3; 3; 4]%Z) 2 [0; 1; 2]%N [2]%N (1 / 1) [0; 1]%N (4 / 1) [0; 1]%N /\
  lhs 3 (value [0; 2; 2; 4; 2; 3; 3; 4]%Z) 2 [0; 1; 2]%N [2]%N (1 / 1) [0; 1]%N (4 / 1) [0; 1]%N = (2) /\
  rhs 3 (value [0; 2; 2; 4; 2; 3; 3; 4]%Z) 2 [0; 1; 2]%N [2]%N (1 / 1) [0; 1]%N (4 / 1) [0; 1]%N = (2).
Proof. anchored. Qed.

(* bounded:always-3 *)
Example anchor_4 :
  hypotheses 4 (value [0; 4; 2; 6; 4; 6; 5; 7; 4; 6; 5; 7; 8; 8; 8; 8]%Z) 2 [0; 1; 2; 3]%N [0]%N (2 / 1) [1; 2]%N (8 / 1) [2; 3]%N /\
  lhs 4 (value [0; 4; 2; 6; 4; 6; 5; 7; 4; 6; 5; 7; 8; 8; 8; 8]%Z) 2 [0; 1; 2; 3]%N [0]%N (2 / 1) [1; 2]%N (8 / 1) [2; 3]%N = (4) /\
  rhs 4 (value [0; 4; 2; 6; 4; 6; 5; 7; 4; 6; 5; 7; 8; 8; 8; 8]%Z) 2 [0; 1; 2; 3]%N [0]%N (2 / 1) [1; 2]%N (8 / 1) [2; 3]%N = (4).
Proof. anchored. Qed.

(* bounded:always-4 *)
Example anchor_5 :
  hypotheses 4 (value [0; 4; 2; 6; 4; 6; 5; 7; 4; 6; 5; 7; 8; 8; 8; 8]%Z) 2 [1; 2; 3]%N [0; 1]%N (1 / 1) [2; 3]%N (8 / 1) [2; 3]%N /\
  lhs 4 (value [0; 4; 2; 6; 4; 6; 5; 7; 4; 6; 5; 7; 8; 8; 8; 8]%Z) 2 [1; 2; 3]%N [0; 1]%N (1 / 1) [2; 3]%N (8 / 1) [2; 3]%N = (2) /\
  rhs 4 (value [0; 4; 2; 6; 4; 6; 5; 7; 4; 6; 5; 7; 8; 8; 8; 8]%Z) 2 [1; 2; 3]%N [0; 1]%N (1 / 1) [2; 3]%N (8 / 1) [2; 3]%N = (2).
Proof. anchored. Qed.

(* bounded:always-5 *)
Example anchor_6 :
  hypotheses 3 (value [0; 3; 2; 5; 1; 4; 3; 6]%Z) 3 [0; 1]%N [2]%N (0 / 1) [0; 1]%N (6 / 1) [0; 1]%N /\
  lhs 3 (value [0; 3; 2; 5; 1; 4; 3; 6]%Z) 3 [0; 1]%N [2]%N (0 / 1) [0; 1]%N (6 / 1) [0; 1]%N = (4) /\
  rhs 3 (value [0; 3; 2; 5; 1; 4; 3; 6]%Z) 3 [0; 1]%N [2]%N (0 / 1) [0; 1]%N (6 / 1) [0; 1]%N = (5).
Proof. anchored. Qed.
