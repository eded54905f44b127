(* alpha_rank/MI-L3: Masses change by at most the 2(n-1)-th power of the change of the rates. If the positive rates
   C and C_hat of two chains on n states differ by at most b in logarithm, then so do their stationary laws pi and
   pi_hat by at most 2 (n - 1) b, in every state. Of every two chains with positive rates on any number of states,
   by the trees into each state: the rule. *)
(* Answers of a wrong solver: the other chain transposed. *)
From Coq Require Import Reals NArith ZArith List.
From Certificates Require Import MI_L3.
Import ListNotations.
Open Scope R_scope.

(* chain-pairs:always-1 *)
Example anchor_1 :
  hypotheses [(1 / 1); (1 / 1)] [(2 / 1); (1 / 1)] [[[1]]; [[0]]]%nat 0 (2 / 1) (1 / 2) (2 / 3) /\
  lhs [(1 / 1); (1 / 1)] [(2 / 1); (1 / 1)] [[[1]]; [[0]]]%nat 0 (2 / 1) (1 / 2) (2 / 3) = (4 / 3) /\
  rhs [(1 / 1); (1 / 1)] [(2 / 1); (1 / 1)] [[[1]]; [[0]]]%nat 0 (2 / 1) (1 / 2) (2 / 3) = (4).
Proof. anchored. Qed.

(* chain-pairs:always-1 *)
Example anchor_2 :
  hypotheses [(1 / 1); (1 / 1)] [(2 / 1); (1 / 1)] [[[1]]; [[0]]]%nat 1 (2 / 1) (1 / 2) (1 / 3) /\
  lhs [(1 / 1); (1 / 1)] [(2 / 1); (1 / 1)] [[[1]]; [[0]]]%nat 1 (2 / 1) (1 / 2) (1 / 3) = (3 / 2) /\
  rhs [(1 / 1); (1 / 1)] [(2 / 1); (1 / 1)] [[[1]]; [[0]]]%nat 1 (2 / 1) (1 / 2) (1 / 3) = (4).
Proof. anchored. Qed.

(* chain-pairs:always-2 *)
Example anchor_3 :
  hypotheses [(1 / 1); (2 / 1); (2 / 1); (1 / 1); (1 / 1); (1 / 1)] [(2 / 1); (1 / 1); (1 / 1); (2 / 1); (2 / 1); (2 / 1)] [[[2; 4]; [2; 5]; [3; 4]]; [[0; 4]; [0; 5]; [1; 5]]; [[0; 3]; [1; 2]; [1; 3]]]%nat 1 (2 / 1) (1 / 4) (7 / 25) /\
  lhs [(1 / 1); (2 / 1); (2 / 1); (1 / 1); (1 / 1); (1 / 1)] [(2 / 1); (1 / 1); (1 / 1); (2 / 1); (2 / 1); (2 / 1)] [[[2; 4]; [2; 5]; [3; 4]]; [[0; 4]; [0; 5]; [1; 5]]; [[0; 3]; [1; 2]; [1; 3]]]%nat 1 (2 / 1) (1 / 4) (7 / 25) = (28 / 25) /\
  rhs [(1 / 1); (2 / 1); (2 / 1); (1 / 1); (1 / 1); (1 / 1)] [(2 / 1); (1 / 1); (1 / 1); (2 / 1); (2 / 1); (2 / 1)] [[[2; 4]; [2; 5]; [3; 4]]; [[0; 4]; [0; 5]; [1; 5]]; [[0; 3]; [1; 2]; [1; 3]]]%nat 1 (2 / 1) (1 / 4) (7 / 25) = (16).
Proof. anchored. Qed.

(* chain-pairs:always-2 *)
Example anchor_4 :
  hypotheses [(1 / 1); (2 / 1); (2 / 1); (1 / 1); (1 / 1); (1 / 1)] [(2 / 1); (1 / 1); (1 / 1); (2 / 1); (2 / 1); (2 / 1)] [[[2; 4]; [2; 5]; [3; 4]]; [[0; 4]; [0; 5]; [1; 5]]; [[0; 3]; [1; 2]; [1; 3]]]%nat 2 (2 / 1) (7 / 16) (2 / 5) /\
  lhs [(1 / 1); (2 / 1); (2 / 1); (1 / 1); (1 / 1); (1 / 1)] [(2 / 1); (1 / 1); (1 / 1); (2 / 1); (2 / 1); (2 / 1)] [[[2; 4]; [2; 5]; [3; 4]]; [[0; 4]; [0; 5]; [1; 5]]; [[0; 3]; [1; 2]; [1; 3]]]%nat 2 (2 / 1) (7 / 16) (2 / 5) = (35 / 32) /\
  rhs [(1 / 1); (2 / 1); (2 / 1); (1 / 1); (1 / 1); (1 / 1)] [(2 / 1); (1 / 1); (1 / 1); (2 / 1); (2 / 1); (2 / 1)] [[[2; 4]; [2; 5]; [3; 4]]; [[0; 4]; [0; 5]; [1; 5]]; [[0; 3]; [1; 2]; [1; 3]]]%nat 2 (2 / 1) (7 / 16) (2 / 5) = (16).
Proof. anchored. Qed.

(* chain-pairs:tight-0 *)
Example anchor_5 :
  hypotheses [(2 / 1); (1 / 1)] [(1 / 1); (2 / 1)] [[[1]]; [[0]]]%nat 0 (2 / 1) (1 / 3) (1 / 3) /\
  lhs [(2 / 1); (1 / 1)] [(1 / 1); (2 / 1)] [[[1]]; [[0]]]%nat 0 (2 / 1) (1 / 3) (1 / 3) = (1) /\
  rhs [(2 / 1); (1 / 1)] [(1 / 1); (2 / 1)] [[[1]]; [[0]]]%nat 0 (2 / 1) (1 / 3) (1 / 3) = (4).
Proof. anchored. Qed.

(* chain-pairs:tight-0 *)
Example anchor_6 :
  hypotheses [(2 / 1); (1 / 1)] [(1 / 1); (2 / 1)] [[[1]]; [[0]]]%nat 1 (2 / 1) (2 / 3) (2 / 3) /\
  lhs [(2 / 1); (1 / 1)] [(1 / 1); (2 / 1)] [[[1]]; [[0]]]%nat 1 (2 / 1) (2 / 3) (2 / 3) = (1) /\
  rhs [(2 / 1); (1 / 1)] [(1 / 1); (2 / 1)] [[[1]]; [[0]]]%nat 1 (2 / 1) (2 / 3) (2 / 3) = (4).
Proof. anchored. Qed.
